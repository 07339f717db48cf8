import pytest

from magicoder_gen.sample.corpora import globs


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("**/*", "a.py", True),
        ("**/*", "a/b/c.py", True),
        ("*", "a/b.py", False),
        ("*.py", "a.py", True),
        ("src/**", "src/a/b.py", True),
        ("src/**", "lib/a.py", False),
        ("**/vendor/**", "vendor/a.py", True),
        ("**/vendor/**", "x/vendor/y/a.py", True),
        ("**/vendor/**", "xvendor/a.py", False),
        ("?.py", "ab.py", False),
        ("a[0].py", "a[0].py", True),
        ("a.py", "axpy", False),
    ],
)
def test_stars_know_folders(pattern: str, path: str, *, matches: bool) -> None:
    """One star stays within a name, two cross folders, also none."""
    assert bool(globs.compiled([pattern]).fullmatch(path)) is matches


def test_any_pattern_is_enough_and_none_matches_nothing() -> None:
    """Patterns are alternatives."""
    assert globs.compiled(["a", "b"]).fullmatch("b")
    assert not globs.compiled([]).fullmatch("")
