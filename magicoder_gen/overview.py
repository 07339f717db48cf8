"""Look at a run directory without changing it: stages, money, rows and where they come from."""

from typing import Any

import msgspec

from magicoder_gen.errors import CorruptData
from magicoder_gen.generate import journal
from magicoder_gen.records import Counts, Record, Rejection, Reply, Sample
from magicoder_gen.storage import jsonl, rundir
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


class RunStatus(Record, frozen=True):
    """A whole run. `uncertain` counts requests without an outcome; `cost` is in USD, None if prices are unknown."""

    run: str
    active: bool
    stages: dict[str, StageStatus]
    requests: int
    replies: int
    failed: dict[str, int]
    uncertain: int
    input_tokens: int
    output_tokens: int
    cost: float | None
    heartbeat: rundir.Status | None


class Row(Record, frozen=True):
    """The lineage of one row: the raw reply and what became of it."""

    id: str
    outcome: Sample | Rejection
    reply: Reply


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
    if status.active and status.heartbeat:
        beat = status.heartbeat
        lines.append(f"now: {beat.stage}, {beat.done} done, {beat.in_flight} in flight, seen {beat.updated}")
    return lines


def rows(run: RunDir, wanted: str | None, number: int) -> list[Row]:
    """Return the row whose sample or prompt id begins with `wanted`, or the first `number` samples."""
    found: list[Sample | Rejection] = []
    for outcome in _outcomes(run, samples_only=wanted is None):
        ids = (outcome.prompt_id, outcome.id if isinstance(outcome, Sample) else "")
        if wanted is None or any(known.startswith(wanted) for known in ids if known):
            found.append(outcome)
        if len(found) >= (number if wanted is None else 1):
            break
    replied = journal.scan(run.folder("replies")).replied
    lost = [outcome.prompt_id for outcome in found if outcome.prompt_id not in replied]
    if lost:
        raise CorruptData(f"{run.folder('replies')}: the journal lacks the reply to {lost[0]}; restore it from a copy")
    places = [replied[outcome.prompt_id] for outcome in found]
    replies = journal.replies(run.folder("replies"), places)
    return [Row(getattr(out, "id", out.prompt_id), out, reply) for out, reply in zip(found, replies, strict=True)]


def row_lines(rows: list[Row]) -> list[str]:
    """Return rows as text."""
    return [line for row in rows for line in _row_lines(row)] or ["nothing found; `status` says what the run holds"]


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


def _row_lines(row: Row) -> list[str]:
    seed, outcome = row.reply.seed, row.outcome
    origin = " ".join(part for part in (seed.origin.corpus, seed.origin.repo, seed.origin.path) if part)
    lines = [
        f"=== {row.id}",
        f"--- seed: {origin}, lines {seed.first_line}-{seed.last_line}, {seed.language}",
        seed.text.rstrip("\n"),
    ]
    if isinstance(outcome, Sample):
        lines += ["--- problem", outcome.problem, f"--- solution, by {outcome.model}", outcome.solution]
    else:
        evidence = msgspec.json.encode(outcome.evidence).decode()
        lines += [f"--- rejected by {outcome.check}: {outcome.reason} {evidence}", row.reply.text or "(no text)"]
    return [*lines, ""]


def _at_rest(state: str) -> str:
    return "stopped" if state == "running" else state


def _outcomes(run: RunDir, *, samples_only: bool) -> Any:
    yield from jsonl.read_parts(run.folder("samples"), Sample)
    if not samples_only:
        yield from jsonl.read_parts(run.folder("rejections"), Rejection)
