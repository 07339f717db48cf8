"""Seeds by the published procedure: documents have places, so the work is divided where its generator starts anew."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from functools import lru_cache, partial
from itertools import islice

from magicoder_gen.records import Counts, Document, Executor, Fragment, Progress, Record, Seed, Skipped
from magicoder_gen.sample import fragments
from magicoder_gen.sample.options import SampleOptions
from magicoder_gen.sample.pools import Draw
from magicoder_gen.sample.scan import ANY
from magicoder_gen.sample.shares import in_proportion
from magicoder_gen.sample.strategies.paper_lines import PaperLines, order

PORTION = 16_000  # documents of a task, rounded up to whole chunks: a second of work or less


class Portion(Record, frozen=True):
    """Documents `first` to `stop` (None = the end), which begin `skip` documents into `parts`."""

    parts: tuple[Fragment, ...]
    first: int
    stop: int | None
    skip: int


class Draws(Record, frozen=True):
    """What a portion gave: outcomes by the documents' places, and how many documents there were."""

    outcomes: tuple[tuple[int, Draw | Skipped], ...]
    taken: int


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

        def counted() -> Iterator[Document | Skipped]:
            nonlocal taken
            for document in _slice(_documents(portion.parts, self.language), portion):
                taken += 1
                yield document

        wanted = _first_of_order(self.total, self.rng_seed, self.enough) if self.total else None
        outcomes = self.strategy.draws(counted(), rng_seed=self.rng_seed, first=portion.first, wanted=wanted)
        return Draws(tuple(outcomes), taken)


class Published:
    """Seeds by the published procedure; with quotas, once per language."""

    def __init__(
        self,
        options: SampleOptions,
        strategy: PaperLines,
        chosen: fragments.Chosen,
        *,
        rng_seed: int,
        executor: Executor,
        progress: Progress,
    ) -> None:
        self._options = options
        self._chosen = chosen
        self._strategy = strategy
        self._rng_seed = rng_seed
        self._executor = executor
        self._progress = progress
        self._damage = fragments.Damage()
        self._taken = 0
        self._kept = 0
        self._reasons: Counter[str] = Counter()

    def seeds(self) -> Iterator[Seed]:
        """Yield the seeds, languages in turn; the documents of a language are read when its first seed is due."""
        wanted = self._options.wanted_of()
        parts = [part for _, found in self._chosen for part in found]
        languages = [
            (quota, self._of_language(language, parts, wanted[language]))
            for language, quota in self._options.shares().items()
        ]
        for index, draw in enumerate(in_proportion(languages)):
            self._kept += 1
            yield draw.seed(index)
            if index + 1 == self._options.wanted():
                break
        self._damage.close()

    def _of_language(self, language: str, parts: list[Fragment], num: int) -> Iterator[Draw]:
        """Yield the first `num` draws of one language in the published order."""
        known = [part for part in parts if not part.languages or language in {ANY, *part.languages}]
        sizes = [_size(part, language) for part in known]
        total = None if None in sizes else sum(size for size in sizes if size is not None)
        if total is not None and self._strategy.max_documents is not None:
            total = min(total, self._strategy.max_documents)
        for enough in (num + num // 50 + 100, total or 0):
            procedure = Procedure(self._strategy, self._rng_seed, language, total, enough)
            taken, outcomes = self._read(procedure, known)
            draws = [outcomes[place] for place in order(taken, self._rng_seed) if place in outcomes]
            found = [draw for draw in draws if isinstance(draw, Draw)][:num]
            if total is None or len(found) == num or enough >= total:
                break
        self._note(taken, [outcome for outcome in draws if isinstance(outcome, Skipped)])
        yield from found

    def _read(self, procedure: Procedure, parts: list[Fragment]) -> tuple[int, dict[int, Draw | Skipped]]:
        """Return how many documents there are, and the outcomes by place."""
        taken = 0
        outcomes: dict[int, Draw | Skipped] = {}
        with closing(self._executor.map(partial(Procedure.draw, procedure), _portions(procedure, parts))) as results:
            for draws in results:
                taken += draws.taken
                outcomes.update(draws.outcomes)
                self._progress.update(self._taken + taken)
        return taken, outcomes

    def _note(self, taken: int, skipped: list[Skipped]) -> None:
        self._taken += taken
        self._reasons.update(outcome.reason for outcome in skipped)
        self._damage.log(dict.fromkeys(outcome.detail for outcome in skipped if outcome.detail))

    def counts(self) -> Counts:
        """Return the sums, reasons by name."""
        not_drawn = self._taken - self._kept - self._reasons.total()
        reasons = self._reasons + Counter(not_drawn=not_drawn)
        return Counts(self._taken, self._kept, dict(sorted(reasons.items())))


def _portions(procedure: Procedure, parts: list[Fragment]) -> Iterator[Portion]:
    """Yield the documents in portions of whole chunks; all in one where nobody knows how many there are."""
    if procedure.total is None:
        yield Portion(tuple(parts), 0, procedure.strategy.max_documents, 0)
        return
    chunk = procedure.strategy.chunk_size
    size = -(-PORTION // chunk) * chunk
    begins = [0]
    for part in parts:
        begins.append(begins[-1] + (_size(part, procedure.language) or 0))
    first = 0
    while first < procedure.total:
        here = max(number for number in range(len(parts)) if begins[number] <= first)
        whole = -(-begins[here + 1] // chunk) * chunk  # what begins in a part ends behind it: it is read once
        stop = min(max(first + size, whole), procedure.total)
        within = [number for number in range(len(parts)) if begins[number] < stop and begins[number + 1] > first]
        chosen = tuple(parts[number] for number in within)
        yield Portion(chosen, first, stop, first - begins[within[0]])
        first = stop


def _size(part: Fragment, language: str) -> int | None:
    """Return how many documents of that language, and lost ones, a part has; None if only reading can tell."""
    if language == ANY or part.documents is None:
        return part.documents
    if part.languages is None:
        return None
    return part.documents - sum(part.languages.values()) + part.languages.get(language, 0)


@lru_cache(maxsize=1)
def _first_of_order(total: int, rng_seed: int, enough: int) -> frozenset[int]:
    return frozenset(order(total, rng_seed)[:enough])


def _documents(parts: Iterable[Fragment], language: str) -> Iterator[Document | Skipped]:
    """Yield the documents of that language (ANY = all), and what could not be read, once for each document lost."""
    for part in parts:
        for document in part.read():
            if isinstance(document, Skipped):
                yield from [document] * document.count
            elif language in {ANY, document.language}:
                yield document


def _slice(documents: Iterable[Document | Skipped], portion: Portion) -> Iterator[Document | Skipped]:
    """Yield the documents of the portion."""
    number = None if portion.stop is None else portion.stop - portion.first
    end = None if number is None else portion.skip + number
    return islice(documents, portion.skip, end)
