"""What lies on disk: line files, shards, the run directory, files that travel with the package."""
