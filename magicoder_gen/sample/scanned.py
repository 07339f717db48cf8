"""Seeds out of candidates that any number of processes find in any order."""

import logging
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from itertools import chain

from magicoder_gen.records import Counts, Executor, Progress, Seed
from magicoder_gen.sample import fragments
from magicoder_gen.sample.checkpoint import Checkpoint
from magicoder_gen.sample.documents import Diverse
from magicoder_gen.sample.guess import Guess
from magicoder_gen.sample.options import SampleOptions
from magicoder_gen.sample.scan import ANY, Candidates, Findings, Task, scan
from magicoder_gen.sample.selection import Selection

logger = logging.getLogger(__name__)


class Scanned:
    """Seeds out of candidates that any number of processes find in any order."""

    def __init__(self, options: SampleOptions, chosen: fragments.Chosen, *, rng_seed: int, progress: Progress) -> None:
        self._options = options
        self._chosen = chosen
        self._rng_seed = rng_seed
        self._progress = progress
        self._is_taking = False
        self._seeds: list[Seed] = []
        self._passed_over: Counter[str] = Counter()
        self._begin(options.spare())

    def _begin(self, spare: int) -> None:
        """Begin to read from the first document on, for `spare` candidates per seed."""
        self._spare = spare
        self._damage = fragments.Damage()
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
            if self._choose():
                break
            logger.info("sample: too many candidates resemble each other, reading again for more")
            self._begin(2 * self._spare)
            self._guess = Guess.of(self._rules, self._chosen)
        self._damage.close()

    def _choose(self) -> bool:
        """Choose the seeds; return False if more candidates could have changed them."""
        near = self._options.near_duplicates()
        documents = self._options.chosen_documents()
        selection = Selection(
            self._candidates,
            documents,
            quotas={language: quota for language, quota in self._options.shares().items() if language != ANY},
            weights=self._options.weights(),
            accepts=near.index().accepts if near else None,
            per_repo=documents.max_per_repo,
        )
        self._seeds = list(selection.seeds(self._options.wanted()))
        self._passed_over = selection.reasons
        return not selection.is_short or isinstance(documents, Diverse)

    def _recall(self, checkpoint: Checkpoint) -> None:
        """Go on from what an interrupted scan has left."""
        known = checkpoint.read()
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
                        self._keep(checkpoint)
        except BaseException:
            if self._done and not self._is_taking:
                self._keep(checkpoint)
            raise
        return not (self._guess and self._guess.is_wrong(self._candidates, at_end=True))

    def _keep(self, checkpoint: Checkpoint) -> None:
        checkpoint.write(self._done, self._candidates.findings(), guessed=self._guess is not None, spare=self._spare)

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
            if number >= self._done and self._candidates.may_gain(task):
                issued.append(task)
                yield task

    def _take(self, findings: Findings, task: Task) -> None:
        """Add what a task found; a signal may strike half way, and then this must not be kept."""
        self._is_taking = True
        if self._candidates.may_gain(task):
            self._candidates.merge(findings)
            self._damage.log(findings.details)
        self._done = task.number + 1
        self._is_taking = False

    def seeds(self) -> Iterator[Seed]:
        """Yield the seeds in their order."""
        yield from self._seeds

    def counts(self) -> Counts:
        """Return the sums, reasons by name."""
        reasons = self._candidates.skipped + self._passed_over
        for pool in self._candidates.groups().values():
            reasons += pool.reasons()
        taken = self._candidates.taken
        reasons["not_drawn"] = taken - len(self._seeds) - reasons.total()
        return Counts(taken, len(self._seeds), dict(sorted((+reasons).items())))
