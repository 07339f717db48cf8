import pytest
from builders import a_snippet

from magicoder_gen.sample.quality.min_code import MinCode


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("", "python"),
        ("    )\n\n]\n", "python"),
        ("# one two three four\n  # five\n", "python"),
        ("/* one two\n * three four\n *\n */\n// five\n", "java"),
        ("-- one two three\n", "sql"),
        ("x = x + x * 2\n", "python"),
        ("a b\x0cb\u2028a\n", "python"),
    ],
)
def test_too_little_code_is_said(text: str, language: str) -> None:
    """Brackets, blanks, comments and repetitions are not code to be inspired by."""
    assert MinCode().reason(a_snippet(text, language=language)) == "too_little_code"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("x = y + 2\n", "python"),
        ("# comment\nreturn\nvalue, 1\n", "python"),
        ("#include <stdio.h>\n", "c"),
        ("*p = q + 1;\n", "c"),
        ("größe = länge * 2\n", "python"),
        ("one -- two three\n", "unheard-of"),
    ],
)
def test_three_different_tokens_are_enough(text: str, language: str) -> None:
    """Whatever stands on lines with code counts."""
    assert MinCode().reason(a_snippet(text, language=language)) is None


def test_the_number_is_configurable() -> None:
    """`tokens` is the least number that passes."""
    assert MinCode(tokens=4).reason(a_snippet("a b c")) == "too_little_code"
    assert MinCode(tokens=4).reason(a_snippet("a b c d")) is None
