"""From prompts to rows: what came into each step, what went out, and why the rest did not."""

from collections.abc import Iterator
from itertools import pairwise

from magicoder_gen.records import Counts, Record
from magicoder_gen.report.texts import renamed
from magicoder_gen.storage.rundir import StageEntry

_UNREAD = {"parse", "row"}  # the checks that stand for an answer or a row that gave no problem and solution

_CAUSES = {
    "parse": "clean ran on other answers than are wanted now: before the last came, or with those to other prompts",
    "export": "data/ was written before samples/ were cleaned again; run export again",
}


class Step(Record, frozen=True, rename={"taken": "in", "kept": "out"}):
    """One step: `taken` = `kept` + the sum of `lost`, which says why, the most frequent reason first."""

    name: str
    taken: int
    kept: int
    lost: dict[str, int]


def steps(stages: dict[str, StageEntry]) -> list[Step]:
    """Return the steps of the stages that have counts."""
    return [step for name, entry in stages.items() if entry.counts for step in _of_stage(name, entry.counts)]


def gaps(found: list[Step]) -> list[str]:
    """Say where a step took in another number than the one before gave out: it ran on other data."""
    after = [step for step in found if step.name != "sample"]  # a seed may be asked about several times
    return [
        f"{later.name} took in {later.taken:,}, but {earlier.name} has given out {earlier.kept:,}: "
        f"{_CAUSES.get(later.name, 'it ran on other data')}"
        for earlier, later in pairwise(after)
        if earlier.kept != later.taken
    ]


def _of_stage(name: str, counts: Counts) -> Iterator[Step]:
    if name != "clean":
        yield Step(name, counts.taken, counts.kept, _ordered(counts.reasons))
        return
    unread = {reason: count for reason, count in counts.reasons.items() if reason.partition(":")[0] in _UNREAD}
    others = {reason: count for reason, count in counts.reasons.items() if reason not in unread}
    parsed = counts.taken - sum(unread.values())
    yield Step("parse", counts.taken, parsed, _ordered(unread))
    yield Step("clean", parsed, counts.kept, _ordered(others))


def _ordered(reasons: dict[str, int]) -> dict[str, int]:
    return dict(sorted(renamed(reasons).items(), key=lambda one: (-one[1], one[0])))
