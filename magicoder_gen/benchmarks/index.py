"""Benchmark texts in other texts: tier 1, verbatim but for case, spacing, punctuation and comment marks.

All texts become lower-case tokens (runs of ASCII letters, digits and non-ASCII characters; everything
else, the underscore included, separates). Texts of at least five tokens are patterns for one Aho-Corasick
automaton, searched at token borders. Shorter ones are exempt, since anybody writes them: of HumanEval
those are the solutions that return a sum or square of arguments, the length or the swapped case of
a string, the fractional part of a number, joined strings. Five tokens still catch idioms such as the sum
of a range or the sorted list of a set.

Not found: renamed identifiers, translations to other languages, paraphrases.
"""

import functools
import re
from itertools import islice

from magicoder_gen.benchmarks import texts
from magicoder_gen.benchmarks.texts import Benchmark, Item
from magicoder_gen.records import Record

MIN_TOKENS = 5
_TOKEN = re.compile(r"[^\W_]+")
_SHOWN = 200  # characters of evidence


class Match(Record, frozen=True):
    """A benchmark text found: characters `start` to `end` of the text that was searched."""

    item: Item
    start: int
    end: int
    text: str

    @property
    def evidence(self) -> dict[str, str | int | float | None]:
        """What a rejection shows; score 1.0 = verbatim."""
        return {
            "benchmark": self.item.benchmark,
            "item": self.item.id,
            "field": self.item.field,
            "score": 1.0,
            "start": self.start,
            "end": self.end,
            "text": self.text,
        }


class Index:
    """An automaton over the normalised texts of benchmark items."""

    def __init__(self, items: list[Item]) -> None:
        import ahocorasick_rs

        self._items: dict[str, Item] = {}
        for item in items:
            pattern = normalised(item.text)
            if pattern.count(" ") > MIN_TOKENS:
                self._items.setdefault(pattern, item)
        self._patterns = list(self._items)
        longest = ahocorasick_rs.MatchKind.LeftmostLongest
        self._automaton = ahocorasick_rs.AhoCorasick(self._patterns, matchkind=longest)

    def search(self, text: str) -> Match | None:
        """Return the first match in `text`, None if it holds no benchmark text."""
        tokens = normalised(text)
        found = self._automaton.find_matches_as_indexes(tokens)
        if not found:
            return None
        pattern, begin, end = found[0]
        first = tokens.count(" ", 0, begin)
        last = first + tokens.count(" ", begin, end) - 2
        return _match(self._items[self._patterns[pattern]], text, first=first, last=last)


@functools.cache
def of(names: tuple[Benchmark, ...]) -> Index:
    """Return the index of the benchmarks `names`, built once per process; ConfigError if one is unusable."""
    return Index([item for name in names for item in texts.items(name)])


def normalised(text: str) -> str:
    """Return the tokens of `text`, in lower case, each between single spaces."""
    return f" {' '.join(_TOKEN.findall(text))} ".lower()


def _match(item: Item, text: str, *, first: int, last: int) -> Match:
    """Find tokens `first` to `last` (from 0) in the original text; only matches pay for this."""
    spans = [token.span() for token in islice(_TOKEN.finditer(text), first, last + 1)]
    start, end = spans[0][0], spans[-1][1]
    return Match(item, start, end, text[start : min(end, start + _SHOWN)])
