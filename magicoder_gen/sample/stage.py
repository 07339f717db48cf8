"""Stage 1: documents of the corpora to seeds/."""

import logging
import time
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec

from magicoder_gen.errors import PoorYield
from magicoder_gen.records import Corpus, Counts, Document, Options, Progress, Seed, Skipped
from magicoder_gen.sample.corpora.local import Local
from magicoder_gen.sample.corpora.stdlib import Stdlib
from magicoder_gen.sample.corpora.tables import Tables
from magicoder_gen.sample.quality import MinCode
from magicoder_gen.sample.strategies import Lines, PaperLines
from magicoder_gen.storage import rundir
from magicoder_gen.storage.rundir import RunDir, StageEntry
from magicoder_gen.storage.shards import ShardWriter

AnyCorpus = Stdlib | Local | Tables

logger = logging.getLogger(__name__)


class SampleOptions(Options, frozen=True):
    """Where seeds come from and how many: `num` over all `corpora` together (12 is the quickstart's).

    `quality` is what a snippet must fulfil; null = what the strategy brings: min_code for lines, nothing
    for paper_lines, which accepts nothing else.
    """

    num: Annotated[int, msgspec.Meta(ge=1)] = 12
    corpora: Annotated[tuple[AnyCorpus, ...], msgspec.Meta(min_length=1)] = (Stdlib(),)
    strategy: Lines | PaperLines = Lines()
    quality: tuple[MinCode, ...] | None = None

    def effective_quality(self) -> tuple[MinCode, ...]:
        """Return the checks that apply."""
        return self.strategy.default_quality if self.quality is None else self.quality

    def inputs(self, run: RunDir, *, rng_seed: int) -> dict[str, Any]:  # noqa: ARG002  # as in all stages
        """Return everything that decides the seeds; raise ConfigError for a corpus that is not there."""
        return {
            **rundir.as_json(self),
            "quality": [rundir.as_json(check) for check in self.effective_quality()],
            "content": [corpus.identity() for corpus in self.corpora],
            "rng_seed": rng_seed,
        }

    def require_yield(self, counts: Counts) -> None:
        """Raise PoorYield if there is no seed; warn if there are fewer than asked for."""
        if counts.kept >= self.num:
            return
        titles = ", ".join(corpus.title() for corpus in self.corpora)
        if counts.taken == 0:
            raise PoorYield(f"no document in {titles}; correct paths, languages or include under sample.corpora")
        most = sorted(counts.reasons.items(), key=lambda item: -item[1])
        reasons = ", ".join(f"{reason} {count}" for reason, count in most[:5]) or "no more documents"
        if counts.kept == 0:
            raise PoorYield(
                f"none of {counts.taken} documents in {titles} gave a seed ({reasons}); "
                "widen sample.corpora or relax sample.strategy and sample.quality"
            )
        logger.warning(
            "asked for %d seeds, found %d in %d documents (%s)", self.num, counts.kept, counts.taken, reasons
        )


def run(options: SampleOptions, run: RunDir, *, rng_seed: int, progress: Progress) -> StageEntry:
    """Write seeds/ and return what the manifest says of it; raise PoorYield after that if there is no seed."""
    began = time.monotonic()
    tally = _Tally(progress)
    outcomes = options.strategy.seeds(
        tally.documents(options.corpora),
        num=options.num,
        rng_seed=rng_seed,
        quality=options.effective_quality(),
    )
    run.begin("sample", options.inputs(run, rng_seed=rng_seed))
    with ShardWriter(run.folder("seeds"), run.layout) as shards:
        for outcome in outcomes:
            tally.count(outcome)
            if isinstance(outcome, Seed):
                shards.write(outcome)
    counts = tally.counts()
    seconds = time.monotonic() - began
    entry = run.finish("sample", state="complete", counts=counts, parts={"seeds": shards.parts}, seconds=seconds)
    options.require_yield(counts)
    return entry


class _Tally:
    """Counts every document taken and what became of it."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._taken = 0
        self._kept = 0
        self._reasons: dict[str, int] = {}

    def documents(self, corpora: tuple[AnyCorpus, ...]) -> Iterator[Document | Skipped]:
        """Yield what all corpora hold, one corpus after the other."""
        corpus: Corpus
        for corpus in corpora:
            for document in corpus.documents():
                self._taken += 1
                self._progress.update(self._taken)
                yield document

    def count(self, outcome: Seed | Skipped) -> None:
        if isinstance(outcome, Seed):
            self._kept += 1
        else:
            self._reasons[outcome.reason] = self._reasons.get(outcome.reason, 0) + 1

    def counts(self) -> Counts:
        """Return the sums, reasons by name."""
        return Counts(self._taken, self._kept, dict(sorted(self._reasons.items())))
