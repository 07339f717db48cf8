"""Benchmarks that must not be in training data: their texts, and an index that finds them in ours."""
