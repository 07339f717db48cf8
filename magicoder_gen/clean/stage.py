"""Stage 3: replies to samples/ and rejections/, one pass, in seed order.

A reply is parsed, searched for benchmark texts, and compared with the samples kept so far, in this order:
only what stays can make a later sample a duplicate.
"""

import time
from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Any

import msgspec

from magicoder_gen.benchmarks.index import Index
from magicoder_gen.clean import decontaminate
from magicoder_gen.clean.decontaminate import Decontaminate
from magicoder_gen.clean.exact import Exact, Memory
from magicoder_gen.clean.parse import Sections, parse
from magicoder_gen.errors import PoorYield
from magicoder_gen.fingerprint import digest
from magicoder_gen.records import Counts, Options, Progress, Rejection, Reply, Sample
from magicoder_gen.storage.rundir import RunDir, StageEntry, as_json
from magicoder_gen.storage.shards import ShardWriter

_SHOWN_REASONS = 3
_CUT_OFF = "parse:truncated"
_FOR_CUT_OFF = "generate with --redo-truncated TOKENS what was cut off, or change prompt or teacher"


class CleanOptions(Options, frozen=True):
    """The section `clean`. `exact: null` keeps duplicates.

    `max_rejected` is the share of replies, 0 to 1, above which a finished stage counts as failed.
    """

    exact: Exact | None = Exact()
    decontaminate: Decontaminate = Decontaminate()
    max_rejected: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.5

    def inputs(self, run: RunDir, *, replies_digest: str) -> dict[str, Any]:
        """Return what decides the outcome; `replies_digest` stands for the replies in their order."""
        return {
            **as_json(self),
            "layout": as_json(run.layout),
            "replies": replies_digest,
            "benchmark_sha256": self.decontaminate.digests(),
        }

    def require_yield(self, counts: Counts) -> None:
        """Raise PoorYield if no sample or too few of them stayed."""
        rejected = counts.taken - counts.kept
        if counts.taken == 0:
            raise PoorYield("clean: there are no replies to clean; run generate first, or see why its prompts failed")
        if counts.kept and rejected <= self.max_rejected * counts.taken:
            return
        top = Counter(counts.reasons).most_common(_SHOWN_REASONS)
        causes = ", ".join(f"{reason} {count}" for reason, count in top)
        remedy = _FOR_CUT_OFF if _CUT_OFF in dict(top) else "change prompt or teacher"
        raise PoorYield(
            f"clean: {rejected} of {counts.taken} replies were rejected ({causes}), "
            f"clean.max_rejected allows {self.max_rejected:.0%}; read rejections/, then {remedy}"
        )


def run(
    options: CleanOptions,
    run: RunDir,
    *,
    replies: Iterable[Reply],
    replies_digest: str,
    total: int,
    progress: Progress,
) -> StageEntry:
    """Write samples/ and rejections/ from `replies`, which come in seed order and are read once, lazily.

    The same replies give the same bytes: nothing of an answer's attempts, time or cost is written.
    Raises PoorYield after finishing if no sample or too few of them stay.
    """
    begun = time.monotonic()
    run.begin("clean", options.inputs(run, replies_digest=replies_digest))
    judge = _Judge(options)
    reasons: Counter[str] = Counter()
    taken = 0
    with (
        ShardWriter(run.folder("samples"), run.layout) as samples,
        ShardWriter(run.folder("rejections"), run.layout) as rejections,
    ):
        for taken, reply in enumerate(replies, start=1):
            verdict = judge.verdict(reply)
            if isinstance(verdict, Rejection):
                reasons[f"{verdict.check}:{verdict.reason}"] += 1
                rejections.write(verdict)
            else:
                samples.write(verdict)
            progress.update(taken, total)
    counts = Counts(taken, taken - reasons.total(), dict(sorted(reasons.items())))
    entry = run.finish(
        "clean",
        state="complete",
        counts=counts,
        parts={"samples": samples.parts, "rejections": rejections.parts},
        seconds=time.monotonic() - begun,
    )
    options.require_yield(counts)
    return entry


class _Judge:
    """Decides over replies one after the other; remembers digests of what it kept."""

    def __init__(self, options: CleanOptions) -> None:
        self._index: Index | None = options.decontaminate.index()
        self._drops = options.decontaminate.verbatim == "drop"
        self._memory: Memory | None = options.exact.memory() if options.exact else None

    def verdict(self, reply: Reply) -> Sample | Rejection:
        sections = parse(reply)
        if isinstance(sections, str):
            return _rejection(reply, "parse", sections)
        sample = _sample(reply, sections)
        match = decontaminate.find(self._index, sample.problem, sample.solution) if self._index else None
        if match and self._drops:
            return _rejection(reply, "decontaminate", match.item.benchmark, **match.evidence)
        if match:
            labels = {**sample.labels, "contaminated": f"{match.item.benchmark}/{match.item.id}"}
            sample = msgspec.structs.replace(sample, labels=labels)
        repeated = self._memory.admit(sample) if self._memory else None
        if repeated:
            key, kept = repeated
            return _rejection(reply, "exact", key, kept=kept)
        return sample


def _sample(reply: Reply, sections: Sections) -> Sample:
    return Sample(
        digest([reply.prompt_id, sections.problem, sections.solution]),
        reply.prompt_id,
        reply.seed,
        sections.problem,
        sections.solution,
        reply.model,
        {"second_pair": True} if sections.second_pair else {},
    )


def _rejection(reply: Reply, check: str, reason: str, **evidence: str | float | None) -> Rejection:
    return Rejection(reply.prompt_id, reply.seed, reply.text, check, reason, dict(evidence))
