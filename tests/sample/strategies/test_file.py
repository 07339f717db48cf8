"""Whole documents."""

from magicoder_gen.fingerprint import rng
from magicoder_gen.sample.strategies.file import File


def test_a_document_is_taken_whole_or_not_at_all() -> None:
    """Up to max_lines, whether or not the last line has an end."""
    for source in ("a\nb\n", "a\nb"):
        assert File(max_lines=2).window(source, "python", rng(1)) == (0, 2)
        assert File(max_lines=1).window(source, "python", rng(1)) == "too_many_lines"
