import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


@given(st.text("*?a/", min_size=1, max_size=7).filter(lambda pattern: "***" not in pattern), st.text("ab/", max_size=8))
def test_stars_that_are_not_tried_again_match_as_those_that_are(pattern: str, path: str) -> None:
    """The expression is quick for many stars and says the same as the plain one."""
    wildcards = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    plain = re.compile("".join(wildcards.get(part) or re.escape(part) for part in parts))
    assert bool(globs.compiled([pattern]).fullmatch(path)) == bool(plain.fullmatch(path))


def test_many_stars_do_not_hang() -> None:
    """Whatever the name."""
    assert not globs.compiled(["a" + "*a" * 60 + "x"]).fullmatch("a" * 200 + ".py")
