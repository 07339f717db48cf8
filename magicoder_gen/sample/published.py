"""Seeds by the published procedure: documents have places, so the work is divided where its generator starts anew."""

import logging
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from functools import partial
from itertools import islice

import msgspec

from magicoder_gen.errors import MagicoderError
from magicoder_gen.records import Counts, Executor, Progress, Record, Seed
from magicoder_gen.sample import fragments
from magicoder_gen.sample.checkpoint import Checkpoint
from magicoder_gen.sample.options import SampleOptions
from magicoder_gen.sample.pools import Draw
from magicoder_gen.sample.procedure import Draws, Parts, Portion, Procedure, portions, size_of, summed
from magicoder_gen.sample.scan import ANY
from magicoder_gen.sample.shares import in_proportion
from magicoder_gen.sample.strategies.paper_lines import PaperLines, TwisterState, order

logger = logging.getLogger(__name__)


class Reading(msgspec.Struct):
    """What was read of one language: the first `done` portions, for the first `enough` of its order."""

    enough: int
    done: int = 0
    taken: int = 0
    drawn: dict[int, Draw] = {}
    unfit: dict[str, int] = {}
    lost: dict[int, dict[str, int]] = {}
    twister: TwisterState | None = None

    def add(self, draws: Draws) -> None:
        """Add what the next portion gave."""
        self.done += 1
        self.taken += draws.taken
        self.drawn.update(draws.drawn)
        self.unfit = dict(summed([self.unfit, draws.unfit]))
        for part, reasons in draws.lost.items():
            self.lost[part] = dict(summed([self.lost.get(part, {}), reasons]))
        self.twister = draws.twister

    def first(self, num: int, rng_seed: int) -> list[Draw]:
        """Return the first `num` draws in the published order, and keep no others."""
        places = (place for place in order(self.taken, rng_seed) if place in self.drawn)
        self.drawn = {place: self.drawn[place] for place in islice(places, num)}
        return list(self.drawn.values())


class State(Record, frozen=True):
    """How far the reading of each language came."""

    readings: dict[str, Reading]


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
        checkpoint: Checkpoint,
    ) -> None:
        self._options = options
        self._parts: Parts = [part for _, parts in fragments.numbered(chosen) for part in parts]
        self._strategy = strategy
        self._rng_seed = rng_seed
        self._executor = executor
        self._progress = progress
        self._checkpoint = checkpoint
        self._damage = fragments.Damage()
        self._kept = 0
        self._is_taking = False
        self._readings: dict[str, Reading] = {}

    def seeds(self) -> Iterator[Seed]:
        """Yield the seeds, languages in turn; the documents of a language are read when its first seed is due."""
        self._recall()
        wanted = self._options.wanted_of()
        languages = [
            (quota, self._of_language(language, wanted[language])) for language, quota in self._options.shares().items()
        ]
        for index, draw in enumerate(in_proportion(languages)):
            self._kept += 1
            yield draw.seed(index)
            if index + 1 == self._options.wanted():
                break
        self._damage.close()

    def _recall(self) -> None:
        """Go on from what an interrupted reading has left."""
        known = self._checkpoint.read(State)
        if known:
            self._readings = known.readings
            logger.info("sample: %d documents were read before, going on", self._taken())

    def _of_language(self, language: str, num: int) -> Iterator[Draw]:
        """Yield the first `num` draws of one language in the published order."""
        parts = [part for part in self._parts if not part[1].languages or language in {ANY, *part[1].languages}]
        sizes = [size_of(part, language) for _, part in parts]
        total = None if None in sizes else sum(size for size in sizes if size is not None)
        if total is not None and self._strategy.max_documents is not None:
            total = min(total, self._strategy.max_documents)
        reading = self._readings.get(language) or Reading(num + num // 50 + 100)
        while True:
            self._readings[language] = reading
            self._read(Procedure(self._strategy, self._rng_seed, language, total, reading.enough), parts, reading)
            found = reading.first(num, self._rng_seed)
            if total is None or len(found) == num or reading.enough >= total:
                break
            reading = Reading(total)
        yield from found

    def _read(self, procedure: Procedure, parts: Parts, reading: Reading) -> None:
        """Read what is not read yet; keep the progress on disk."""
        work = _in_turn if procedure.total is None else partial(_divided, self._executor)
        try:
            with closing(work(procedure, parts, reading)) as results:
                for draws in results:
                    self._take(draws, reading)
                    self._progress.update(self._taken())
                    if self._checkpoint.is_due():
                        self._checkpoint.write(State(self._readings))
        except BaseException:
            if self._taken() and not self._is_taking:
                with suppress(MagicoderError):  # what ended the reading is what the user has to know
                    self._checkpoint.write(State(self._readings))
            raise

    def _take(self, draws: Draws, reading: Reading) -> None:
        """Add what a portion gave; a signal may strike half way, and then this must not be kept."""
        self._is_taking = True
        reading.add(draws)
        self._damage.log(draws.details)
        self._is_taking = False

    def _lost(self) -> Counter[str]:
        """Return how many documents could not be read, by reason.

        A lost document has a place in every language, for nobody knows which was its own, but counts once: the
        languages have read a part as far as they needed, so the one that came farthest has met all.
        """
        lost: dict[int, dict[str, int]] = {}
        for reading in self._readings.values():
            for part, reasons in reading.lost.items():
                lost[part] = max(lost.get(part, {}), reasons, key=lambda found: sum(found.values()))
        return summed(lost.values())

    def _taken(self) -> int:
        """Return how many documents were read, lost ones once."""
        own = sum(reading.taken - summed(reading.lost.values()).total() for reading in self._readings.values())
        return own + self._lost().total()

    def counts(self) -> Counts:
        """Return the sums, reasons by name."""
        reasons = self._lost() + summed(reading.unfit for reading in self._readings.values())
        reasons["not_drawn"] = self._taken() - self._kept - reasons.total()
        return Counts(self._taken(), self._kept, dict(sorted((+reasons).items())))


def _divided(executor: Executor, procedure: Procedure, parts: Parts, reading: Reading) -> Generator[Draws, None, None]:
    """Yield what the portions give that are not read yet, from any number of processes."""
    left = islice(portions(procedure, parts), reading.done, None)
    return executor.map(partial(Procedure.draw, procedure), left)


def _in_turn(procedure: Procedure, parts: Parts, reading: Reading) -> Generator[Draws, None, None]:
    """Yield what bundles of parts give that are not read yet, where nobody knows how many documents there are.

    Each needs the place and the generator that the one before ends with, so all are read in this process.
    """
    stop = procedure.strategy.max_documents
    for bundle in list(fragments.bundles(parts))[reading.done :]:
        if stop is not None and reading.taken >= stop:
            return
        yield procedure.draw(Portion(tuple(bundle), reading.taken, stop, 0, reading.twister))
