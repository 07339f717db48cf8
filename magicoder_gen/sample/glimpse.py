"""A few documents of a corpus, from parts spread over it, and what they would give."""

import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from enum import IntEnum
from itertools import accumulate
from typing import NamedTuple, Self

from magicoder_gen.sample.options import SampleOptions
from magicoder_gen.sample.protocols import Document, Fragment, Skipped
from magicoder_gen.sample.scan import ANY
from magicoder_gen.sample.strategies.paper_lines import PaperLines
from magicoder_gen.sample.texts import normalised

TRIED = 1000  # documents of each language, in each corpus
MOST_POINTS, FEWEST_POINTS = 100, 3  # places of the corpus that are looked at for each language
POINTS_BYTES = 8_000_000  # that may be read for them, if not for the fewest; four times that to see languages
PASSED = 200  # documents of a part read at most for each point in it, to see their languages and how many they are

Judge = Callable[[Document], str | None]


class Certainty(IntEnum):
    """How well a number is known; a sum is as uncertain as its least certain part."""

    EXACT = 0
    ABOUT = 1
    AT_LEAST = 2


class Estimate(NamedTuple):
    """A number of documents."""

    number: float
    certainty: Certainty = Certainty.EXACT

    @classmethod
    def total(cls, estimates: Iterable[Self]) -> Self:
        """Return the sum."""
        known = list(estimates)
        worst = max((one.certainty for one in known), default=Certainty.EXACT)
        return cls(sum(one.number for one in known), worst)

    def times(self, share: float) -> "Estimate":
        """Return that share of it, which is a guess."""
        return Estimate(self.number * share, max(self.certainty, Certainty.ABOUT))


def judge(options: SampleOptions, rng_seed: int) -> Judge:
    """Return what says why a document gives no seed, or None if it gives one."""
    strategy = options.strategy
    if isinstance(strategy, PaperLines):
        return lambda document: _published(strategy, document)
    rules = options.rules(rng_seed)

    def drawn(document: Document) -> str | None:
        draw = rules.draw(document, normalised(document.content))
        return draw if isinstance(draw, str) else None

    return drawn


def _published(strategy: PaperLines, document: Document) -> str | None:
    ((_, outcome),) = strategy.draws([document], rng_seed=0)
    return outcome.reason if isinstance(outcome, Skipped) else None


class Glimpse:
    """What a few documents of each of `groups` (languages, or ANY) tell of a corpus's `parts`.

    `looked` counts the documents tried, `refused` those of them that gave nothing, by reason. `unusable` counts
    those that no group can have, among all that were `passed`: read, or known to be in a language without a group.
    `details` is what the log says of lost ones.
    """

    def __init__(self, parts: Sequence[Fragment], groups: Sequence[str], judge: Judge) -> None:
        self.passed = 0
        self.looked: Counter[str] = Counter()
        self.refused: dict[str, Counter[str]] = {group: Counter() for group in groups}
        self.unusable: Counter[str] = Counter()
        self.details: list[str] = []
        self._languages: Counter[str] = Counter()  # of all passed, lost ones under ANY
        self._of_file: defaultdict[str, Counter[str]] = defaultdict(Counter)  # the same by file: many hold one language
        self._seen: dict[str, Counter[str]] = {}  # the same by part
        self._ended: set[str] = set()  # parts that were read to their end
        self._pass_told(parts)
        points = _points(parts, groups)
        for number, part in enumerate(parts):
            here = {group: found[number] for group, found in points.items() if found[number]}
            if here:
                tries = {group: count * TRIED // points[group].total() for group, count in here.items()}
                self._look(part, tries, limit=PASSED * max(here.values()), judge=judge)

    def _pass_told(self, parts: Sequence[Fragment]) -> None:
        """Count the documents of which parts tell that they are in a language without a group."""
        told = [found for part in parts for found in (part.languages or {}).items() if self._tells(part)]
        number = sum(count for language, count in told if language not in self.refused)
        self.unusable.update({"no_quota": number} if number else {})
        self.passed += number

    def _tells(self, part: Fragment) -> bool:
        return part.languages is not None and ANY not in self.refused

    def _look(self, part: Fragment, tries: dict[str, int], *, limit: int, judge: Judge) -> None:
        """Read at most `limit` documents of a part and try the first of each group; stop where no more can be told."""
        seen = self._seen[part.id] = Counter()
        tried: Counter[str] = Counter()
        counted = 0  # that have been passed already, for the part tells of them
        is_counted = part.documents is not None and (ANY in tries or part.languages is not None)
        for document in part.read():
            if seen.total() >= limit or (is_counted and all(tried[group] >= most for group, most in tries.items())):
                break
            seen[document.language if isinstance(document, Document) else ANY] += _count(document)
            group = self._group(document, part)
            if isinstance(document, Skipped) and document.detail:
                self.details.append(document.detail)
            if group is None and isinstance(document, Document) and self._tells(part):
                counted += 1
            elif group is None:
                self.unusable["no_quota" if isinstance(document, Document) else document.reason] += _count(document)
            elif tried[group] < tries.get(group, 0):
                number = min(_count(document), tries[group])
                tried[group] += number
                reason = judge(document) if isinstance(document, Document) else document.reason
                if reason:
                    self.refused[group][reason] += number
        else:
            self._ended.add(part.id)
        self.looked += tried
        self.passed += seen.total() - counted
        self._languages += seen
        self._of_file[file_of(part)] += seen

    def _group(self, document: Document | Skipped, part: Fragment) -> str | None:
        """Return the group that a document belongs to, a lost one if there is no doubt; None if there is none."""
        if ANY in self.refused:
            return ANY
        if isinstance(document, Document):
            return document.language if document.language in self.refused else None
        only = list(part.languages or ())
        return only[0] if len(only) == 1 and only[0] in self.refused else None

    def fit(self, group: str) -> float | None:
        """Return the share of the documents tried that gave a snippet, None if none was tried."""
        looked = self.looked[group]
        return (looked - self.refused[group].total()) / looked if looked else None

    def documents(self, part: Fragment) -> Estimate:
        """Return how many documents a part has, lost ones among them."""
        if part.documents is not None:
            return Estimate(part.documents)
        seen = self._seen.get(part.id, Counter[str]()).total()
        return Estimate(seen, Certainty.EXACT if part.id in self._ended else Certainty.AT_LEAST)

    def of_group(self, part: Fragment, group: str) -> Estimate:
        """Return how many documents of a group a part has."""
        if group == ANY:
            return self.documents(part)
        if part.languages is not None:
            return Estimate(part.languages.get(group, 0))
        seen = self._seen.get(part.id, Counter[str]())[group]
        if part.id in self._ended:
            return Estimate(seen)
        if part.documents is None:
            return Estimate(seen, Certainty.AT_LEAST)
        known = self._of_file.get(file_of(part)) or self._languages
        return Estimate(part.documents).times(known[group] / known.total() if known else 0)


def _count(document: Document | Skipped) -> int:
    return document.count if isinstance(document, Skipped) else 1


def _points(parts: Sequence[Fragment], groups: Sequence[str]) -> dict[str, Counter[int]]:
    """Return for each group how many of its points lie in which part: evenly over its documents, or over the bytes.

    Where parts do not tell their languages, the first of each file has one, for files often hold one language each.
    """
    is_told = ANY in groups or all(part.languages is not None for part in parts)
    mean = sum(part.bytes for part in parts) / max(len(parts), 1)
    most = min(MOST_POINTS, int(POINTS_BYTES * (1 if is_told else 4) / max(mean, 1)))
    if is_told:
        most //= len(groups)  # each language has parts of its own
    most = max(most, FEWEST_POINTS)
    points = {group: _spread([_size(part, group) for part in parts], most) for group in groups}
    first = {file_of(part): number for number, part in reversed(list(enumerate(parts))) if part.languages is None}
    if not is_told and len(first) <= MOST_POINTS:
        for found in points.values():
            found.update(set(first.values()) - found.keys())
    return points


def file_of(part: Fragment) -> str:
    """Return what names the file of a part that is a row group, else the part."""
    return re.sub(r":\d+$", "", part.id)


def _size(part: Fragment, group: str) -> int:
    if group != ANY and part.languages is not None:
        return part.languages.get(group, 0)
    return part.bytes + 1


def _spread(sizes: Sequence[int], points: int) -> Counter[int]:
    """Return how many of so many evenly spaced points fall into each of consecutive stretches."""
    ends = list(accumulate(sizes))
    whole = ends[-1] if ends else 0
    return Counter(bisect_right(ends, whole * (2 * n + 1) // (2 * points)) for n in range(points) if whole)
