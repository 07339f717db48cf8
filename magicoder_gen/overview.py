"""Look at a run directory without changing it: what its stages did, what they cost, where one stopped."""

import shlex
from collections import Counter

import msgspec

from magicoder_gen.amounts import dollars, number_of
from magicoder_gen.export import options
from magicoder_gen.generate.index import FAILED, REFUSED, REPLIED, Index
from magicoder_gen.generate.plan import NOT_ASKED, NOT_NEEDED, SAME_PROMPT, UNANSWERED
from magicoder_gen.generate.teachers.batch_ledger import Handed, handed_in
from magicoder_gen.records import Counts, Record, Traffic
from magicoder_gen.sample import checkpoint
from magicoder_gen.storage import optouts, rundir
from magicoder_gen.storage.rundir import RunDir, StageEntry

PENDING = "pending"  # asked or not, without an outcome, while the stage has not counted why
FOLDERS = {"sample": "seeds", "generate": "replies", "clean": "samples", "export": "data"}


class StageStatus(Record, frozen=True):
    """One stage as the manifest has it; seconds of wall time over all resumes, cost in USD or None if unknown."""

    state: str
    counts: Counts | None
    seconds: float
    cost: float | None
    folder: str


class Summary(Record, frozen=True):
    """What a command did."""

    run: str
    stages: dict[str, StageStatus]


class Ends(Record, frozen=True):
    """What became of the prompts of `generate`, as its journal says; None is unknown.

    `done` of `total` have an answer, as `answered` do, or never will; `again` failed and may be asked again.
    `reasons` says why prompts failed.
    """

    done: int
    total: int | None
    answered: int
    again: int
    reasons: dict[str, int]

    def counts(self) -> Counts | None:
        """Return these as a stage has them; None if the total is unknown, or was another one."""
        left = -1 if self.total is None else self.total - self.answered - sum(self.reasons.values())
        if self.total is None or left < 0:
            return None
        return Counts(self.total, self.answered, self.reasons | ({PENDING: left} if left else {}))


class Stopped(Record, frozen=True):
    """A stage that did not come to its end: how far it was, and the command that goes on.

    `done` of `total` is in the units of the stage (sample: documents), None where nobody knows. `kept` says how many
    seconds ago a reading was last kept, from which it goes on; None where it begins anew.
    """

    stage: str
    done: int | None
    total: int | None
    kept: float | None
    command: str


class RunStatus(Record, frozen=True):
    """A whole run. Costs are in USD, None where prices are unknown.

    `uncertain` counts requests without an outcome, those under way among them: they may have been paid, for at most
    `uncertain_cost`, which is not part of `cost`; among them those of prompts that are `handed_in` by the batch.
    `projected_cost` is what `cost` will be when every prompt has its answer, if the others cost as much. `left` says
    of a `generate` that came to its end without being complete what is left and what to do. `stale` says that data/
    holds other samples than those that were kept since. `opted_out` counts prompts whose answers were purged.
    `purging` says of a purge that was interrupted how to finish it, before which nothing else goes on.
    """

    run: str
    active: bool
    stopped: Stopped | None
    stages: dict[str, StageStatus]
    requests: int
    replies: int
    failed: dict[str, int]
    uncertain: int
    uncertain_cost: float | None
    input_tokens: int
    output_tokens: int
    cost: float | None
    projected_cost: float | None
    handed_in: Handed
    ends: Ends
    left: str | None
    stale: bool
    heartbeat: rundir.Status | None
    opted_out: int = 0
    purging: str | None = None


def status(run: RunDir) -> RunStatus:
    """Read manifest, journal and heartbeat."""
    with Index.reading(run.folder("replies")) as index:
        traffic, ends = index.traffic(), _ends(run, index)
        handed, _ = handed_in(index.folder / "batches", index.open)
    active = run.is_locked()
    purging = None if active else optouts.unfinished(run.root)
    opted_out = traffic.failed.pop(optouts.REASON, 0)  # nothing went wrong there
    stages = summary(run, run.stages()).stages
    if not active:  # what says running was killed
        stages = {name: msgspec.structs.replace(stage, state=_at_rest(stage.state)) for name, stage in stages.items()}
    if generate := stages.get("generate"):
        counts = generate.counts or ends.counts()
        stages["generate"] = msgspec.structs.replace(generate, counts=counts, cost=traffic.cost)
    return RunStatus(
        run=str(run.root),
        active=active,
        stopped=None if active or purging else _stopped(run, stages, ends),
        stages=stages,
        **msgspec.structs.asdict(traffic),
        projected_cost=_projected(stages.get("generate"), traffic, ends),
        handed_in=handed,
        ends=ends,
        left=None if purging else _left(run, stages.get("generate"), ends, handed),
        stale=options.is_stale(run),
        heartbeat=run.status(),
        opted_out=opted_out,
        purging=purging,
    )


def _ends(run: RunDir, index: Index) -> Ends:
    """Read what is done from the journal: the heartbeat is older, it only knows how many prompts there are."""
    beat, entry, ends = run.status(), run.stages().get("generate"), index.ends()
    total = beat.total if beat and beat.stage == "generate" else None
    if entry and entry.counts:
        total = entry.counts.taken
    by_state = Counter[int]()
    reasons = Counter[str]()
    for (state, kind), count in ends.items():
        by_state[state] += count
        if state != REPLIED:
            reasons[kind] += count
    done = by_state[REPLIED] + by_state[REFUSED]
    return Ends(done, total, by_state[REPLIED], by_state[FAILED], dict(sorted(reasons.items())))


def _projected(stage: StageStatus | None, traffic: Traffic, ends: Ends) -> float | None:
    """Return the cost of the run when its prompts are answered; None if nobody knows how many are left."""
    if traffic.cost is None or stage is None:
        return None
    if stage.state == "complete":
        return traffic.cost
    if ends.total is None:
        return None
    same = stage.counts.reasons.get(SAME_PROMPT, 0) if stage.counts else 0
    return traffic.cost * (1 + max(0, ends.total - ends.done - same) / traffic.replies)


def _left(run: RunDir, stage: StageStatus | None, ends: Ends, handed: Handed) -> str | None:
    """Say what a partial `generate` lacks, and what to do; None for any other."""
    if stage is None or stage.state != "partial" or stage.counts is None:
        return None
    reasons = stage.counts.reasons
    waiting = handed.prompts + handed.written
    lost = max(0, reasons.get(UNANSWERED, 0) - waiting)
    parts = [
        (reasons.get(NOT_ASKED, 0), "not asked yet"),
        (waiting, "in batches"),
        (lost, "asked without an outcome"),
        (ends.again, "failed and may be asked again"),
    ]
    left = ", ".join(f"{number:,} {what}" for number, what in parts if number)
    target = run.stages()["generate"].inputs.get("target_accepted")
    if target is not None and not reasons.get(NOT_ASKED) and not reasons.get(NOT_NEEDED) and not waiting:
        missed = f"fewer answers than the {target:,} of generate.limits.target_accepted were accepted; "
        left = missed + (f"{left}; " if left else "") + "raise sample.num or generate.answers_per_seed"
    return f"generate is not done: {left or 'answers that were cut off are to be redone'}; to go on: " + _command(
        run, "generate"
    )


def status_lines(status: RunStatus) -> list[str]:
    """Return the status as text."""
    lines = [f"{status.run} ({'running now' if status.active else 'not running'})"]
    for name, stage in status.stages.items():
        so_far = f"out {status.replies}" if name == "generate" and status.replies else "no counts yet"
        counts = f"in {stage.counts.taken}, out {stage.counts.kept}" if stage.counts else so_far
        lines.append(f"{name:<10}{stage.state:<10}{counts}, {stage.seconds:.1f} s")
    if status.requests:
        lines += _traffic_lines(status)
    if status.purging:
        lines.append(status.purging)
    if status.left and not status.active:
        lines.append(status.left)
    if status.stale and not status.active and not status.purging:
        lines.append("data/ is older than the samples; to write it anew, run `export`")
    if status.stopped:
        lines += _stopped_lines(status.stopped)
    if status.active and status.heartbeat:
        beat = status.heartbeat
        done = status.ends.done if beat.stage == "generate" else beat.done
        of = f" of {beat.total}" if beat.total is not None else ""
        lines.append(f"now: {beat.stage}, {done}{of} done, {beat.in_flight} under way, seen {beat.updated}")
    return lines


def _traffic_lines(status: RunStatus) -> list[str]:
    failed = sum(status.failed.values())
    lines = [f"requests {status.requests}, replies {status.replies}, prompts that failed {failed}"]
    lines += [f"  failed: {kind} {count}" for kind, count in status.failed.items()]
    if status.opted_out:
        lines.append(f"prompts whose answers were purged {status.opted_out}")
    if status.handed_in.prompts or status.handed_in.written:
        lines.append(_handed_line(status))
    lost, cost = status.handed_in.others(status.uncertain, status.uncertain_cost)
    if lost:
        state = "under way, or without an outcome" if status.active else "without an outcome"
        lines.append(f"{state}: {number_of(lost, 'request')}, which may have been paid, at most {dollars(cost)}")
    lines.append(f"tokens in {status.input_tokens}, out {status.output_tokens}; cost {_cost(status)}")
    return lines


def _handed_line(status: RunStatus) -> str:
    handed = status.handed_in
    if not handed.prompts:
        return handed.said()
    return f"{handed.said()}, at most {dollars(None if status.uncertain_cost is None else handed.cost)}"


def _cost(status: RunStatus) -> str:
    """Say what was spent and what it will come to."""
    if status.cost is None:
        return "unknown (set generate.teacher.price)" if status.replies else "unknown, there is no answer yet"
    if not status.cost:
        return "none"
    projected = status.projected_cost
    more = f" of about {dollars(projected)}" if projected is not None and projected > status.cost else ""
    return f"{dollars(status.cost)}{more}"


def summary(run: RunDir, results: dict[str, StageEntry]) -> Summary:
    """Return what a command did, stage by stage."""
    stages = {
        name: StageStatus(entry.state, entry.counts, entry.seconds, entry.cost, str(run.folder(FOLDERS[name])))
        for name, entry in results.items()
    }
    return Summary(str(run.root), stages)


def summary_lines(summary: Summary) -> list[str]:
    """Return the table that ends each stage, and how to load what came out."""
    lines: list[str] = []
    for name, stage in summary.stages.items():
        counts = stage.counts or Counts(0, 0, {})
        lines.append(f"{name} ({stage.seconds:.1f} s) -> {stage.folder}")
        table = {"in": counts.taken, **counts.reasons, "out": counts.kept}
        lines += [f"  {label:<32}{count:>10}" for label, count in table.items()]
    exported = summary.stages.get("export")
    if exported and exported.counts and exported.counts.kept:
        lines.append(f'load it: datasets.load_dataset("{exported.folder}", split="train")')
    return lines


def _stopped(run: RunDir, stages: dict[str, StageStatus], ends: Ends) -> Stopped | None:
    """Return what is known of the stage that was interrupted, if one was."""
    stage = next((name for name, entry in stages.items() if entry.state == "stopped"), None)
    if stage is None:
        return None
    beat = run.status()
    done, total = (beat.done, beat.total) if beat and beat.stage == stage else (None, None)
    if stage == "generate":
        done, total = (ends.done if ends.done or ends.total is not None else None), ends.total
    kept = checkpoint.age(run.folder("seeds") / checkpoint.FILE) if stage == "sample" else None
    return Stopped(stage, done, total, kept, _command(run, stage))


def _command(run: RunDir, stage: str) -> str:
    """Return what goes on with a stage."""
    named = [str(run.config_path)] if run.config_path.exists() else []
    return shlex.join(["magicoder-gen", stage, *named, "--run", str(run.root)])


def _stopped_lines(stopped: Stopped) -> list[str]:
    units = "documents" if stopped.stage == "sample" else "prompts" if stopped.stage == "generate" else "records"
    of = f" of {stopped.total}" if stopped.total is not None else ""
    done = "" if stopped.done is None else f" after {stopped.done}{of} {units}"
    lines = [f"{stopped.stage} was interrupted{done}"]
    if stopped.stage == "sample":
        kept = "nothing is kept of it"
        lines.append(kept if stopped.kept is None else f"what was read is kept, last {stopped.kept:.0f} s ago")
    return [*lines, f"to go on: {stopped.command}"]


def _at_rest(state: str) -> str:
    return "stopped" if state == "running" else state
