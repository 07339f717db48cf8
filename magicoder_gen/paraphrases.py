"""Samples that ask for a benchmark's task in other words: vectors find them, a judge decides, both are paid once."""

from collections.abc import Iterable, Iterator
from itertools import islice, tee
from typing import TYPE_CHECKING

from magicoder_gen.benchmarks.items import Item
from magicoder_gen.clean import semantic
from magicoder_gen.clean.semantic import Candidate, Finding, Semantic, Tasks
from magicoder_gen.embeddings.cache import FOLDER, Cache
from magicoder_gen.embeddings.protocols import shown
from magicoder_gen.generate.index import Index
from magicoder_gen.generate.judge import Judge
from magicoder_gen.generate.prompts import fence
from magicoder_gen.records import Origin, Progress, Sample
from magicoder_gen.storage.rundir import RunDir

if TYPE_CHECKING:
    import numpy as np

JUDGEMENTS = "judgements"  # a folder of a run


def findings(
    options: Semantic,
    judge: Judge | None,
    run: RunDir,
    *,
    samples: Iterable[Sample],
    total: int,
    progress: Progress,
) -> Iterator[Finding]:
    """Yield, in the order of `samples`, what was found of those that repeat a benchmark's task; at most one a sample.

    `samples` are read once, lazily; `total` is how many there are. In memory are candidates, not texts. Vectors stay
    in embeddings/ and answers in judgements/ of the run, so that a second pass asks and pays nothing. Raises what
    the model, the judge and their limits raise; the same command goes on from there.
    """
    tasks = options.tasks()
    with Cache(run.folder(FOLDER), options.embeddings) as cache:
        search = _Search(options, cache, tasks, progress, total)
        pairs = search.pairs(samples)
        if judge is None:
            for _ in pairs:  # whose candidates are what is wanted
                pass
            said: Iterator[str | None] | None = None
        else:
            said = judge.answers(pairs, RunDir(run.folder(JUDGEMENTS), layout=run.layout), progress=progress)
    for sample, candidates in search.found:
        verdicts = None if said is None else list(islice(said, len(candidates)))
        finding = semantic.finding(options, sample, candidates, verdicts)
        if finding:
            yield finding


def spent(options: Semantic, run: RunDir) -> float | None:
    """Return what vectors and answers cost so far, over all commands, in USD; None if that is not known."""
    with Cache(run.folder(FOLDER), options.embeddings) as cache:
        vectors = cache.bill()
    with Index.reading(run.folder(JUDGEMENTS) / "replies") as index:
        answers = index.traffic()
    if (answers.replies and answers.cost is None) or not vectors.is_priced:
        return None
    return vectors.cost + (answers.cost or 0.0)


class _Search:
    """Finds candidates among samples; `found` grows as they are read: the sample's id and its candidates."""

    def __init__(
        self, options: Semantic, cache: Cache, tasks: list[list[Item]], progress: Progress, total: int
    ) -> None:
        import numpy as np

        self.found: list[tuple[str, list[Candidate]]] = []
        self._options = options
        self._cache = cache
        self._progress = progress
        self._total = total
        texts = [item.text for some in tasks for item in some]
        cache.announce(texts, what="task")
        self._tasks = [Tasks(some, np.concatenate(list(cache.vectors([item.text for item in some])))) for some in tasks]

    def pairs(self, samples: Iterable[Sample]) -> Iterator[tuple[str, Origin]]:
        """Yield for every candidate both tasks as one text, and the benchmark's item."""
        read, kept = tee(samples)  # apart by one portion at most
        problems = (sample.problem for sample in read)
        found = self._cache.announced(problems, what="problem", total=self._total, progress=self._progress)
        for vectors in found:
            for sample, candidates in zip(islice(kept, len(vectors)), self._candidates(vectors), strict=True):
                yield from self._noted(sample, candidates)

    def _candidates(self, vectors: "np.ndarray") -> Iterator[list[Candidate]]:
        top_k, threshold = self._options.top_k, self._options.threshold
        near = [tasks.nearest(vectors, top_k=top_k, threshold=threshold) for tasks in self._tasks]
        return map(semantic.merged, zip(*near, strict=True))

    def _noted(self, sample: Sample, candidates: list[Candidate]) -> Iterator[tuple[str, Origin]]:
        if candidates:
            self.found.append((sample.id, candidates))
        for candidate in candidates:
            item = candidate.item
            yield pair(sample.problem, item.text), Origin(item.benchmark, path=item.id)


def pair(problem: str, task: str) -> str:
    """Return two tasks as a judge sees them, each in a block that neither can end."""
    texts = {"First task": shown(problem), "Second task": shown(task)}
    return "\n\n".join(f"{name}:\n{fence(text)}\n{text}\n{fence(text)}" for name, text in texts.items())
