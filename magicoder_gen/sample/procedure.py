"""The published procedure over a part of the documents: what any process can do of it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import islice
from typing import TypeVar

from magicoder_gen.records import Record
from magicoder_gen.sample.pools import Draw
from magicoder_gen.sample.protocols import Document, Fragment, Skipped
from magicoder_gen.sample.scan import ANY
from magicoder_gen.sample.strategies.paper_lines import PaperLines, Twister, TwisterState, order

PORTION = 16_000  # documents of a task, rounded up to whole chunks: a second of work or less

Item = TypeVar("Item")
Parts = list[tuple[int, Fragment]]  # each with its place in the order of all


class Portion(Record, frozen=True):
    """Documents `first` to `stop` (None = the end), which begin `skip` documents into `parts`.

    Where they do not begin a chunk, `twister` is the generator as the documents before left it.
    """

    parts: tuple[tuple[int, Fragment], ...]
    first: int
    stop: int | None
    skip: int
    twister: TwisterState | None = None


class Draws(Record, frozen=True):
    """What a portion of `taken` documents gave: draws by the documents' places, and how many gave none, by reason.

    `lost` are those that could not be read, by their part's number; in what language they were nobody knows.
    """

    taken: int
    drawn: dict[int, Draw]
    unfit: dict[str, int]
    lost: dict[int, dict[str, int]]
    details: tuple[str, ...]
    twister: TwisterState


class Procedure(Record, frozen=True):
    """The published procedure over the documents of one language; `total` of them, None = only reading can tell.

    No draw is made of documents that come behind the first `enough` of the order.
    """

    strategy: PaperLines
    rng_seed: int
    language: str
    total: int | None
    enough: int

    def draw(self, portion: Portion) -> Draws:
        """Draw from the documents of a portion; this runs in any process."""
        taken = 0
        lost: dict[int, Counter[str]] = {}
        details: dict[str, None] = {}

        def counted() -> Iterator[Document | Skipped]:
            nonlocal taken
            for number, document in _slice(_documents(portion.parts, self.language), portion):
                taken += 1
                if isinstance(document, Skipped):
                    lost.setdefault(number, Counter())[document.reason] += 1
                    details.update({document.detail: None} if document.detail else {})
                yield document

        wanted = _first_of_order(self.total, self.rng_seed, self.enough) if self.total else None
        twister = Twister.of(portion.twister)
        outcomes = dict(
            self.strategy.draws(counted(), rng_seed=self.rng_seed, first=portion.first, wanted=wanted, twister=twister)
        )
        drawn = {place: outcome for place, outcome in outcomes.items() if isinstance(outcome, Draw)}
        unfit = Counter(outcome.reason for outcome in outcomes.values() if isinstance(outcome, Skipped))
        unfit.subtract(summed(lost.values()))
        reasons = {number: dict(found) for number, found in lost.items()}
        return Draws(taken, drawn, dict(+unfit), reasons, tuple(details), twister.state())


def summed(reasons: Iterable[Mapping[str, int]]) -> Counter[str]:
    """Add counts up."""
    found: Counter[str] = Counter()
    for one in reasons:
        found.update(one)
    return found


def portions(procedure: Procedure, parts: Parts) -> Iterator[Portion]:
    """Yield the documents in portions of whole chunks."""
    assert procedure.total is not None
    chunk = procedure.strategy.chunk_size
    size = -(-PORTION // chunk) * chunk
    begins = [0]
    for _, part in parts:
        begins.append(begins[-1] + (size_of(part, procedure.language) or 0))
    first = 0
    while first < procedure.total:
        here = max(number for number in range(len(parts)) if begins[number] <= first)
        whole = -(-begins[here + 1] // chunk) * chunk  # what begins in a part ends behind it: it is read once
        stop = min(max(first + size, whole), procedure.total)
        within = [number for number in range(len(parts)) if begins[number] < stop and begins[number + 1] > first]
        chosen = tuple(parts[number] for number in within)
        yield Portion(chosen, first, stop, first - begins[within[0]])
        first = stop


def size_of(part: Fragment, language: str) -> int | None:
    """Return how many documents of that language, and lost ones, a part has; None if only reading can tell."""
    if language == ANY or part.documents is None:
        return part.documents
    if part.languages is None:
        return None
    return part.documents - sum(part.languages.values()) + part.languages.get(language, 0)


@lru_cache(maxsize=1)
def _first_of_order(total: int, rng_seed: int, enough: int) -> frozenset[int]:
    return frozenset(order(total, rng_seed)[:enough])


def _documents(parts: Iterable[tuple[int, Fragment]], language: str) -> Iterator[tuple[int, Document | Skipped]]:
    """Yield the documents of that language (ANY = all), and what could not be read, once for each document lost.

    Each with the number of its part.
    """
    for number, part in parts:
        for document in part.read():
            if isinstance(document, Skipped):
                yield from [(number, document)] * document.count
            elif language in {ANY, document.language}:
                yield number, document


def _slice(documents: Iterator[Item], portion: Portion) -> Iterator[Item]:
    """Yield the documents of the portion."""
    number = None if portion.stop is None else portion.stop - portion.first
    return islice(documents, portion.skip, None if number is None else portion.skip + number)
