import ast
import inspect
import sysconfig
import textwrap
from pathlib import Path

import pytest
from builders import a_snippet
from hypothesis import given, settings
from hypothesis import strategies as st
from span_sources import SOURCES

from magicoder_gen.fingerprint import rng
from magicoder_gen.sample.grammars import MAX_BYTES
from magicoder_gen.sample.quality.syntax import Syntax
from magicoder_gen.sample.strategies.spans import Spans

pytest.importorskip("tree_sitter", reason="needs the extra: code")

# One unit of each language that is worth having whole.
WHOLE = {
    "python": "    @property\n    # why not\n    def überschrift(self):\n        if self.a:\n",
    "cpp": "    switch (value_) {\n      case 1:\n",
    "java": "    @Override\n    public int size() {\n",
    "typescript": "  @Input()\n  async load(id: number): Promise<void> {\n",
    "shell": "# Say it.\ngreet() {\n",
    "csharp": "        public override int Area()\n        {\n",
    "rust": "/// A pair.\n#[derive(Debug, Clone)]\n\npub struct Pair {\n",
    "php": "    #[Pure]\n    public function total(int $rate): int\n",
    "swift": "    @discardableResult\n    func pop() -> Int? {\n",
    "c": "int main(void)\n{\n",
    "javascript": "const a = () => {\n  b();\n",
}


def drawn(source: str, language: str, *, spans: Spans | None = None, draws: int = 150) -> set[str]:
    """All different windows of some draws, each with its line end."""
    found = set()
    for index in range(draws):
        window = (spans or Spans()).window(source, language, rng(1, index))
        if not isinstance(window, str):
            found.add("".join(f"{line}\n" for line in source.split("\n")[slice(*window)]))
    return found


def reasons(source: str, language: str, *, spans: Spans | None = None) -> set[object]:
    """Why there is no window, in some draws."""
    windows = ((spans or Spans()).window(source, language, rng(1, index)) for index in range(30))
    return {window for window in windows if isinstance(window, str)}


@pytest.mark.parametrize("language", SOURCES)
def test_a_span_is_within_bounds_and_parses_alone(language: str) -> None:
    """Whole statements, functions or classes in every language."""
    texts = drawn(SOURCES[language], language)
    assert len(texts) >= 5
    for text in texts:
        assert 1 <= text.count("\n") <= 15
        assert Syntax(of="snippet").reason(a_snippet(text, language=language)) is None, text


@pytest.mark.parametrize("language", SOURCES)
def test_a_function_comes_whole_with_what_stands_above_it(language: str) -> None:
    """Comments, attributes and decorators are its part, and no span begins behind them."""
    texts = drawn(SOURCES[language], language, spans=Spans(min_lines=1, max_lines=40))
    assert any(WHOLE[language] in text for text in texts)
    assert not any(text.startswith("async load") or text.lstrip().startswith("pub struct") for text in texts)


@pytest.mark.parametrize("language", SOURCES)
def test_no_span_begins_with_a_part_of_a_statement(language: str) -> None:
    """Branches, labels, closing brackets and HTML are no units."""
    parts = (
        "else",
        "elif",
        "case 1",
        "default:",
        "}",
        ")",
        "public:",
        "#endif",
        "#region",
        "<?php",
        "<html>",
        ";;",
        "fi",
    )
    for text in drawn(SOURCES[language], language):
        first = text.split("\n")[0].strip()
        assert not first.startswith(parts), text


def test_python_spans_parse() -> None:
    """All windows of some modules of the standard library, as Python itself sees it."""
    library = Path(sysconfig.get_paths()["stdlib"])
    lengths = set()
    for name in ("argparse", "dataclasses", "heapq", "textwrap", "json/decoder", "types", "queue", "functools", "ast"):
        source = (library / f"{name}.py").read_text()
        for index in range(12):
            window = Spans().window(source, "python", rng(1, name, index))
            assert not isinstance(window, str)
            first, stop = window
            lengths.add(stop - first)
            lines = source.split("\n")[first:stop]
            assert lines[-1].strip()
            ast.parse("if True:\n" + "\n".join(f" {line}" for line in lines))
    assert lengths >= set(range(1, 14))


def test_statements_on_one_line_come_together() -> None:
    """`a; b` is one unit, and what shares its line with a bracket none."""
    assert drawn("a = 1; b = 2\n", "python") == {"a = 1; b = 2\n"}
    assert drawn("void f() { a();\n  b();\n  c(); }\n", "cpp", spans=Spans(max_lines=2)) == {"  b();\n"}
    assert drawn("void f() { a();\n  b(); }\n", "cpp") == {"void f() { a();\n  b(); }\n"}
    assert drawn("if x: y = 1\nelse: y = 2\n", "python", spans=Spans(max_lines=1)) == set()


def test_one_error_spoils_its_function_only() -> None:
    """The other functions are taken, the broken one never."""
    good = "def {}(a):\n    b = a + 1\n    return b\n"
    source = good.format("f") + "\ndef broken(a):\n    return a +* ) 2\n\n" + good.format("g")
    texts = drawn(source, "python")
    assert {good.format("f"), good.format("g")} <= texts
    assert not any("+*" in text for text in texts)


def test_a_licence_comment_belongs_to_nothing() -> None:
    """A blank line parts them."""
    assert not any("Licence" in text for text in drawn("# Licence: free.\n\nimport os\n", "python"))


def test_documentation_alone_is_no_span() -> None:
    """A string may be part of a function, not a seed."""
    source = '"""Says\n\nmuch.\n"""\n'
    assert reasons(source, "python") == {"no_span"}
    assert reasons('"use strict";\n', "javascript") == {"no_span"}


@pytest.mark.parametrize(
    ("source", "language", "reason"),
    [
        ("SELECT 1;\n", "sql", "no_grammar"),
        ("", "python", "no_span"),
        ("# a\n# b\n", "python", "no_span"),
        ("/* a\n b */\n", "c", "no_span"),
        ("a = [\n" + "  1,\n" * 20 + "]\n", "python", "no_span"),
        ("a = 1\n" * (MAX_BYTES // 6 + 1), "python", "too_large_to_parse"),
    ],
)
def test_what_gives_no_span_says_why(source: str, language: str, reason: str) -> None:
    """Whatever is drawn."""
    assert reasons(source, language) == {reason}


def test_a_document_of_one_line_needs_no_line_end() -> None:
    """The window is its only line."""
    assert Spans().window("a = 1", "python", rng(1)) == (0, 1)
    assert Spans().window("\ta();", "cpp", rng(1)) == (0, 1)


def test_min_lines_joins_neighbours() -> None:
    """A statement that is too short takes more, and a document that has no more gives nothing."""
    lines = "".join(f"a{index} = {index}\n" for index in range(30))
    assert {text.count("\n") for text in drawn(lines, "python", spans=Spans(min_lines=4, max_lines=6))} == {4, 5, 6}
    assert reasons("a = 1\n", "python", spans=Spans(min_lines=4, max_lines=6)) == {"no_span"}


def test_lengths_of_plain_statements_are_uniform() -> None:
    """Where any length fits, the length drawn is the length got."""
    lines = "".join(f"a{index} = {index}\n" for index in range(40))
    windows = [Spans().window(lines, "python", rng(2, index)) for index in range(1500)]
    counts = [sum(stop - first == length for first, stop in windows) for length in range(1, 16)]  # type: ignore[misc]
    assert sum((count - 100) ** 2 / 100 for count in counts) < 36.1  # chi-square, 14 degrees of freedom, p = 0.001


@pytest.mark.parametrize("language", SOURCES)
def test_the_same_rng_gives_the_same_span(language: str) -> None:
    """Nothing but the generator decides."""
    source = SOURCES[language]
    for index in range(10):
        assert Spans().window(source, language, rng(3, index)) == Spans().window(source, language, rng(3, index))


def test_max_lines_under_min_lines_is_refused() -> None:
    """At the time the configuration is read."""
    with pytest.raises(ValueError, match="min_lines"):
        Spans(min_lines=3, max_lines=2)


@settings(max_examples=60, deadline=None)
@given(
    blocks=st.lists(
        st.sampled_from([
            "x = 1\n", "x = 1; y = 2\n", "\n", "# c\n", "\tü = 'ä'\n", "def f(a,\n      b):\n    return a\n", ")(\n",
            "if a:\n    b\nelse:\n    c\n", "@d\n# e\nclass K:\n    '''doc'''\n\n    def g(self): pass\n",
            "s = '''\nx\n'''\n",
            "\x0cz = 0\n", "try:\n    a\nfinally:\n    b", "for a in b: c\n",
        ]),
        max_size=12,
    ),
    bounds=st.tuples(st.integers(1, 8), st.integers(0, 8)),
    number=st.integers(0, 50),
)  # fmt: skip
def test_any_mixture_gives_whole_lines_or_a_reason(blocks: list[str], bounds: tuple[int, int], number: int) -> None:
    """The span lies in the document, within bounds, and neither starts nor ends with a blank line."""
    source = "".join(blocks)
    spans = Spans(min_lines=bounds[0], max_lines=sum(bounds))
    window = spans.window(source, "python", rng(4, number))
    if isinstance(window, str):
        assert window == "no_span"
        return
    first, stop = window
    lines = source.split("\n")[first:stop]
    assert bounds[0] <= len(lines) == stop - first <= sum(bounds)
    assert lines[0].strip()
    assert lines[-1].strip()


def test_the_span_of_real_code_reads_as_written() -> None:
    """Line numbers are those of split on LF, whatever else `splitlines` would split at."""
    source = "a = '\u2028\u0085'\n\x0cdef f():\n    return 1\n"
    assert "\x0cdef f():\n    return 1\n" in drawn(source, "python")
    assert drawn(textwrap.dedent(inspect.getsource(reasons)), "python")
