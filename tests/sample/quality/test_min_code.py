import pytest
from builders import a_snippet
from hypothesis import given, settings
from hypothesis import strategies as st

from magicoder_gen.records import Origin
from magicoder_gen.sample.protocols import Snippet
from magicoder_gen.sample.quality import prose
from magicoder_gen.sample.quality.min_code import MinCode

AT = Origin("test")


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


MODULE = '''\
"""What this does, and what it does not.

A word more, and "one" other.
"""
import os

def f(a):
    r"""Return as
    much as # can be said.
    """
    query = """
    SELECT name, age FROM people
    """
    return call(
        """
        UPDATE people SET age
        """, '"""', a
    )
    # it's """ neither
    other(a,
      b, c)
'''
UNIT = """\
/* Says
   what it does; it's "good
 */
int main(void) { /* and
   more words here */
  char *a = "/*";
  call(a, 'x', b
     more, of, it, "*/"
  );
}
"""


def window(source: str, first: int, last: int, language: str) -> Snippet:
    """These lines of a document."""
    text = "".join(f"{line}\n" for line in source.split("\n")[first - 1 : last])
    return Snippet(text, first, last, language, source, AT)


@pytest.mark.parametrize(
    ("source", "first", "last", "language"),
    [
        (MODULE, 1, 4, "python"),
        (MODULE, 3, 3, "python"),
        (MODULE, 3, 5, "python"),
        (MODULE, 8, 10, "python"),
        (MODULE, 9, 9, "python"),
        (MODULE, 19, 19, "python"),
        (UNIT, 1, 3, "c"),
        (UNIT, 2, 2, "java"),
        (UNIT, 5, 5, "rust"),
        ('"""Never ends,\nthis one does not"""', 2, 2, "python"),
        ("/* never ends,\nthis one does not */", 2, 2, "typescript"),
        ("a\n/* says this,\n   and that */\n", 3, 3, "sql"),
    ],
)
def test_prose_is_no_code(source: str, first: int, last: int, language: str) -> None:
    """Descriptions give no idea of code, even where they begin above the snippet or end below it."""
    assert MinCode().reason(window(source, first, last, language)) == "too_little_code"


@pytest.mark.parametrize(
    ("source", "first", "last", "language"),
    [
        (MODULE, 4, 7, "python"),
        (MODULE, 10, 12, "python"),
        (MODULE, 12, 12, "python"),
        (MODULE, 16, 16, "python"),
        (MODULE, 20, 21, "python"),
        (UNIT, 3, 5, "c"),
        (UNIT, 7, 7, "c"),
        (UNIT, 8, 8, "cpp"),
        ("fn a<'a>(x: &'a str,\n  y: int, z: u8) /* no */\n", 2, 2, "rust"),
        ("x = `/*`\n  a, b, c\n// */\n", 2, 2, "javascript"),
        ('"""Say:\n\n    a = b + c\n"""\n', 2, 3, "python"),
    ],
)
def test_code_beside_prose_is_code(source: str, first: int, last: int, language: str) -> None:
    """Strings that are values are not descriptions; examples in descriptions are code."""
    assert MinCode().reason(window(source, first, last, language)) is None


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from(['"""', "'''", '"', "'", "\\", "/*", "*/", "//", "#", "`", "\n", " a", "b", "r", ":"])),
    st.integers(0, 6),
    st.sampled_from(["python", "java", "typescript", "sql"]),
)
def test_only_prose_is_taken_away(parts: list[str], first: int, language: str) -> None:
    """Whatever marks there are in whatever order, what is left is in the snippet, in its order."""
    source = "".join(parts)
    number = first % (source.count("\n") + 1)
    text = source.split("\n", number)[-1]
    left = iter(text)
    assert all(character in left for character in prose.without(Snippet(text, number + 1, 0, language, source, AT)))
