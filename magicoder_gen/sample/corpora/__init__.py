"""Where documents come from: one block per kind of corpus."""
