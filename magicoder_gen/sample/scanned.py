"""Seeds out of candidates that any number of processes find in any order."""

import logging
from collections import deque
from collections.abc import Iterator
from contextlib import closing, suppress
from functools import partial
from itertools import chain

from magicoder_gen.errors import MagicoderError
from magicoder_gen.records import Counts, Executor, Progress, Record, Seed
from magicoder_gen.sample import fragments
from magicoder_gen.sample.checkpoint import Checkpoint
from magicoder_gen.sample.documents import Diverse
from magicoder_gen.sample.guess import Guess
from magicoder_gen.sample.options import SampleOptions
from magicoder_gen.sample.scan import ANY, Candidates, Findings, Task, scan
from magicoder_gen.sample.selection import Selection

REFILLS = 2  # readings for more candidates, after the first one
GROWTH = 4  # how many times as many each is for

logger = logging.getLogger(__name__)


class State(Record, frozen=True):
    """The first `done` tasks are read, and what they gave.

    `guessed` tells whether a guess limited what was looked at, `spare` how many candidates per seed are kept.
    """

    done: int
    findings: Findings
    guessed: bool
    spare: int


class Scanned:
    """Seeds out of candidates that any number of processes find in any order."""

    def __init__(self, options: SampleOptions, chosen: fragments.Chosen, *, rng_seed: int, progress: Progress) -> None:
        self._options = options
        self._chosen = chosen
        self._rng_seed = rng_seed
        self._progress = progress
        self._is_taking = False
        self._selection: Selection
        self._seeds: list[Seed] = []
        self._damage = fragments.Damage()
        self._begin(options.spare())

    def _begin(self, spare: int) -> None:
        """Begin to read from the first document on, for `spare` candidates per seed."""
        self._spare = spare
        self._rules = self._options.rules(self._rng_seed, spare=spare)
        self._candidates = Candidates(self._rules)
        self._done = 0  # tasks, in their order
        self._guess: Guess | None = None

    def read(self, executor: Executor, checkpoint: Checkpoint) -> None:
        """Find the candidates and choose the seeds; keep the progress on disk."""
        self._guess = Guess.of(self._rules, self._chosen)
        self._recall(checkpoint)
        while True:
            while not self._pass(executor, checkpoint):
                logger.info("sample: fewer documents are fit than was thought, reading starts anew")
                self._begin(self._spare)
                checkpoint.write(self._state())  # the next command must not guess again
            self._choose()
            if not self._is_worth_refilling():
                break
            logger.info("sample: too many candidates fell out, reading again for more")
            self._begin(GROWTH * self._spare)
            self._guess = Guess.of(self._rules, self._chosen)
        self._damage.close()
        self._note_shortfalls()

    def _choose(self) -> None:
        """Choose the seeds among the candidates."""
        near = self._options.near_duplicates()
        documents = self._options.chosen_documents()
        self._selection = Selection(
            self._candidates,
            documents,
            quotas={language: quota for language, quota in self._options.shares().items() if language != ANY},
            weights=self._options.weights(),
            accepts=near.index().accepts if near else None,
            per_repo=documents.max_per_repo,
        )
        self._seeds = list(self._selection.seeds(self._options.wanted()))

    def _is_worth_refilling(self) -> bool:
        """Whether more candidates could change the seeds, and there were not many readings yet.

        A corpus of a few families of near duplicates would otherwise be read again and again, for ever more of them.
        """
        return self._is_short() and self._spare < self._options.spare() * GROWTH**REFILLS

    def _is_short(self) -> bool:
        return self._selection.is_short and not isinstance(self._options.chosen_documents(), Diverse)

    def _note_shortfalls(self) -> None:
        """Say where the corpora could not give what was asked for, once each."""
        documents, wanted = self._options.chosen_documents(), self._options.wanted()
        candidates = [one for pool in self._candidates.groups().values() for one in pool.candidates()]
        if self._is_short() and len(self._seeds) < wanted:
            fell_out = sorted((+self._selection.reasons).items())
            reasons = ", ".join(f"{reason} {number}" for reason, number in fell_out)
            logger.warning(
                "sample: %d seeds of %d wanted: of %d candidates the others fell out (%s); "
                "the corpus resembles itself so much that it is not read again for more",
                *(len(self._seeds), wanted, len(candidates), reasons),
            )
        for corpus, (given, asked) in zip(self._options.corpora, self._selection.of_corpora(), strict=False):
            if given < asked:
                logger.warning("sample: %s: %d seeds where its weight asks for %d", corpus.title(), given, asked)
        if documents.max_per_repo and candidates and not any(one.draw.origin.repo for one in candidates):
            logger.warning(
                "sample: max_per_repo has no effect: no document names its repository; where a column does, set repo"
            )

    def _recall(self, checkpoint: Checkpoint) -> None:
        """Go on from what an interrupted scan has left."""
        known = checkpoint.read(State)
        if known:
            self._begin(known.spare)
            self._candidates.merge(known.findings)
            self._done = known.done
            self._guess = Guess.of(self._rules, self._chosen) if known.guessed else None
            logger.info("sample: %d documents were read before, going on", self._candidates.taken)

    def _pass(self, executor: Executor, checkpoint: Checkpoint) -> bool:
        """Read what is not read yet; return False as soon as the guess turns out wrong."""
        total = fragments.total(chain.from_iterable(parts for _, parts in self._chosen))
        issued: deque[Task] = deque()
        try:
            with closing(executor.map(partial(scan, self._rules), self._tasks(issued))) as results:
                for findings in results:
                    self._take(findings, issued.popleft())
                    self._progress.update(self._candidates.taken, total)
                    if self._guess and self._guess.is_wrong(self._candidates):
                        return False
                    if checkpoint.is_due():
                        checkpoint.write(self._state())
        except BaseException:
            if self._done and not self._is_taking:
                with suppress(MagicoderError):  # what ended the reading is what the user has to know
                    checkpoint.write(self._state())
            raise
        return not (self._guess and self._guess.is_wrong(self._candidates, at_end=True))

    def _state(self) -> State:
        return State(self._done, self._candidates.findings(), self._guess is not None, self._spare)

    def _tasks(self, issued: deque[Task]) -> Iterator[Task]:
        """Yield what has to be read still, and note it; each task knows what was found before it."""
        portions = (
            (corpus, bundle)
            for corpus, parts in fragments.numbered(self._chosen)
            for bundle in fragments.bundles(parts)
        )
        for number, (corpus, bundle) in enumerate(portions):
            guessed = self._guess.limits if self._guess else {}
            task = Task(number, corpus, tuple(bundle), guessed | self._candidates.limits())
            if number >= self._done and self._candidates.may_gain(corpus, task.first):
                issued.append(task)
                yield task

    def _take(self, findings: tuple[Findings, ...], task: Task) -> None:
        """Add what a task found; a signal may strike half way, and then this must not be kept."""
        self._is_taking = True
        for stretch in findings:
            if self._candidates.may_gain(task.corpus, stretch.first):
                self._candidates.merge(stretch)
                self._damage.log(stretch.details)
        self._done = task.number + 1
        self._is_taking = False

    def seeds(self) -> Iterator[Seed]:
        """Yield the seeds in their order."""
        yield from self._seeds

    def counts(self) -> Counts:
        """Return the sums, reasons by name."""
        reasons = self._candidates.skipped + self._selection.reasons
        for pool in self._candidates.groups().values():
            reasons += pool.reasons()
        taken = self._candidates.taken
        reasons["not_drawn"] = taken - len(self._seeds) - reasons.total()
        return Counts(taken, len(self._seeds), dict(sorted((+reasons).items())))
