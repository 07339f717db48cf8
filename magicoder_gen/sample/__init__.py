"""Stage 1: documents to seeds."""
