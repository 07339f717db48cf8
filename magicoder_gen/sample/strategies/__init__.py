"""Which lines of a document become a snippet: one block per strategy."""
