"""Look at a run directory without changing it: what its stages did, what they cost, where one stopped."""

import shlex

import msgspec

from magicoder_gen.generate import journal
from magicoder_gen.records import Counts, Record
from magicoder_gen.sample import checkpoint
from magicoder_gen.storage import rundir
from magicoder_gen.storage.rundir import RunDir, StageEntry

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
    """A whole run. `uncertain` counts requests without an outcome; `cost` is in USD, None if prices are unknown."""

    run: str
    active: bool
    stopped: Stopped | None
    stages: dict[str, StageStatus]
    requests: int
    replies: int
    failed: dict[str, int]
    uncertain: int
    input_tokens: int
    output_tokens: int
    cost: float | None
    heartbeat: rundir.Status | None


def status(run: RunDir) -> RunStatus:
    """Read manifest, journal and heartbeat."""
    state = journal.scan(run.folder("replies"))
    kinds = [*state.failed.values(), *state.refused.values()]
    active = run.is_locked()
    stages = summary(run, run.stages()).stages
    if not active:  # what says running was killed
        stages = {name: msgspec.structs.replace(stage, state=_at_rest(stage.state)) for name, stage in stages.items()}
    return RunStatus(
        run=str(run.root),
        active=active,
        stopped=None if active else _stopped(run, stages),
        stages=stages,
        requests=state.intents,
        replies=len(state.replied),
        failed={kind: kinds.count(kind) for kind in sorted(set(kinds))},
        uncertain=len(state.open),
        input_tokens=state.input_tokens,
        output_tokens=state.output_tokens,
        cost=state.cost if state.replied else None,
        heartbeat=run.status(),
    )


def status_lines(status: RunStatus) -> list[str]:
    """Return the status as text."""
    lines = [f"{status.run} ({'running now' if status.active else 'not running'})"]
    for name, stage in status.stages.items():
        counts = f"in {stage.counts.taken}, out {stage.counts.kept}" if stage.counts else "no counts yet"
        lines.append(f"{name:<10}{stage.state:<10}{counts}, {stage.seconds:.1f} s")
    if status.requests:
        lines.append(f"requests {status.requests}, replies {status.replies}, without outcome {status.uncertain}")
        lines += [f"  failed: {kind} {count}" for kind, count in status.failed.items()]
        cost = "unknown (set generate.teacher.price)" if status.cost is None else f"${status.cost:.4f}"
        cost = cost if status.cost != 0 else "none"
        lines.append(f"tokens in {status.input_tokens}, out {status.output_tokens}; cost {cost}")
    if status.stopped:
        lines += _stopped_lines(status.stopped)
    if status.active and status.heartbeat:
        beat = status.heartbeat
        lines.append(f"now: {beat.stage}, {beat.done} done, {beat.in_flight} in flight, seen {beat.updated}")
    return lines


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


def _stopped(run: RunDir, stages: dict[str, StageStatus]) -> Stopped | None:
    """Return what is known of the stage that was interrupted, if one was."""
    stage = next((name for name, entry in stages.items() if entry.state == "stopped"), None)
    if stage is None:
        return None
    beat = run.status()
    done, total = (beat.done, beat.total) if beat and beat.stage == stage else (None, None)
    kept = checkpoint.age(run.folder("seeds") / checkpoint.FILE) if stage == "sample" else None
    named = [str(run.config_path)] if run.config_path.exists() else []
    command = shlex.join(["magicoder-gen", stage, *named, "--run", str(run.root)])
    return Stopped(stage, done, total, kept, command)


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
