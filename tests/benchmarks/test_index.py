"""Benchmark texts are found verbatim under any spacing, case and comment marks, and nothing innocent is."""

import textwrap
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magicoder_gen.benchmarks import index, texts
from magicoder_gen.benchmarks.index import MIN_TOKENS, Index, normalised
from magicoder_gen.benchmarks.texts import Item

SEARCHED = index.of(("humaneval",))
ITEMS = [item for item in texts.items("humaneval") if len(normalised(item.text).split()) >= MIN_TOKENS]


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 37, subsequent_indent=" " * 6, break_long_words=False, break_on_hyphens=False)


def _commented(mark: str) -> Callable[[str], str]:
    return lambda text: "\n".join(mark + line for line in _wrapped(text).split("\n"))


EDITS: dict[str, Callable[[str], str]] = {
    "verbatim": str,
    "upper": str.upper,
    "title": lambda text: text.lower().title(),
    "wrapped": _wrapped,
    "tabs": lambda text: text.replace("    ", "\t").replace("\n", "\r\n\r\n"),
    "hash": _commented("# "),
    "slashes": _commented("/// "),
    "star": _commented(" * "),
    "percent": _commented("%% "),
    "punctuation": lambda text: text.replace(",", " ;").replace(". ", " - "),
}


@pytest.mark.parametrize("edit", EDITS)
def test_every_benchmark_text_is_found(edit: str) -> None:
    """All docstrings and solutions of at least five tokens, whatever surrounds them."""
    surrounded = {item.id: f"Some words before.\n\n{EDITS[edit](item.text)}\n\nAnd after." for item in ITEMS}
    assert [name for name, text in surrounded.items() if SEARCHED.search(text) is None] == []


def test_most_texts_are_long_enough() -> None:
    """Only six solutions are exempt as too short; no docstring is."""
    assert len(ITEMS) == 164 * 2 - 6
    assert sum(item.field == "docstring" for item in ITEMS) == 164


@pytest.mark.parametrize(
    "code",
    [
        "return x + y",
        "return len(string)",
        "return n**2",
        'return " ".join(strings)',
        "def f(a, b):\n    return a + b",
        "for i in range(n):\n    total += i",
        "def from_list(numbers):\n    return sorted(set(numbers))",
        "",
    ],
)
def test_innocent_code_is_not_found(code: str) -> None:
    """One-liners that anybody writes pass."""
    assert SEARCHED.search(code) is None


def test_only_whole_tokens_count() -> None:
    """A pattern inside longer words is no match."""
    known = Index([Item("humaneval", "x", "solution", "one two three four five")])
    assert known.search("One, two: THREE\n# four five!") is not None
    assert known.search("one two three four fives") is None
    assert known.search("tone two three four five") is None
    assert known.search("one two three four\n\nfive") is not None


def test_the_evidence_is_a_span_of_our_text() -> None:
    """Start and end point into the text as it was given; the text shown is cut at 200 characters."""
    item = next(item for item in ITEMS if len(item.text) > 400)
    text = f"\u00dcber \u0130 \U0001f600:\n{item.text.upper()} End."
    match = SEARCHED.search(text)
    assert match is not None
    assert match.item == item
    assert normalised(text[match.start : match.end]) == normalised(item.text.upper())
    assert match.text == text[match.start : match.start + 200]
    assert match.evidence["benchmark"] == "humaneval"
    assert match.evidence["score"] == 1.0


def test_an_index_is_built_once() -> None:
    """Whoever asks for the same benchmarks gets the same automaton."""
    assert index.of(("humaneval",)) is SEARCHED
    assert index.of(()).search("anything at all, however long it may be") is None


@given(st.text(), st.text(), st.sampled_from(ITEMS))
def test_spans_are_right_among_any_text(before: str, after: str, item: Item) -> None:
    """Whatever surrounds it, the span holds a whole benchmark text."""
    text = f"{before} \n {item.text}\n {after}"
    match = SEARCHED.search(text)
    assert match is not None
    assert normalised(text[match.start : match.end]) == normalised(match.item.text)
