"""Where the rows of a run come from: origin, snippet, reply and what became of it; reads only."""

from collections.abc import Iterable, Iterator
from itertools import islice

import msgspec

from magicoder_gen.errors import CorruptData
from magicoder_gen.generate import journal
from magicoder_gen.generate.index import Index
from magicoder_gen.generate.journal import Place
from magicoder_gen.logs import one_line
from magicoder_gen.records import Record, Rejection, Reply, Sample, Seed
from magicoder_gen.storage import jsonl, optouts
from magicoder_gen.storage.rundir import RunDir


class Row(Record, frozen=True):
    """The lineage of one row: the raw reply, None of one made elsewhere, and what became of it."""

    id: str
    outcome: Sample | Rejection
    reply: Reply | None


class Shown(Record, frozen=True):
    """Rows with their lineage; or, of what has none yet, seeds."""

    rows: list[Row]
    seeds: list[Seed] = []


def look(run: RunDir, wanted: str | None, number: int) -> Shown:
    """Return the row whose sample, prompt or seed id is `wanted` or begins so, or the first `number` samples.

    Where there is none of these, it is seeds. A whole id goes before the beginning of another. Raises TryLater while a
    purge is not finished.
    """
    optouts.require_finished(run.root)
    outcomes = _outcomes(run, samples_only=wanted is None)
    found = _meant(outcomes, wanted) if wanted else list(islice(outcomes, number))
    if not found:
        seeds = (seed for seed in jsonl.read_parts(run.folder("seeds"), Seed) if seed.id.startswith(wanted or ""))
        return Shown([], list(islice(seeds, 1 if wanted else number)))
    replies = _replies(run, found)
    return Shown([Row(out.id or out.prompt_id, out, reply) for out, reply in zip(found, replies, strict=True)])


def _replies(run: RunDir, found: list[Sample | Rejection]) -> Iterator[Reply | None]:
    """Return the raw reply of each; None for rows made elsewhere, of which there is none."""
    if not journal.exists(run.folder("replies")):
        return iter([None] * len(found))
    with Index.reading(run.folder("replies")) as index:
        places = [_place(run, index, outcome.prompt_id) for outcome in found]
    return journal.replies(run.folder("replies"), places)


def _place(run: RunDir, index: Index, prompt_id: str) -> Place:
    place = index.place(prompt_id)
    if place is None:
        folder = run.folder("replies")
        raise CorruptData(f"{folder}: the journal lacks the reply to {prompt_id}; restore it from a copy")
    return place


def lines(shown: Shown) -> list[str]:
    """Return rows or seeds as text."""
    rows = [line for row in shown.rows for line in _row_lines(row)]
    seeds = [line for seed in shown.seeds for line in (f"=== {seed.id}", *_seed_lines(seed), "")]
    return rows or seeds or ["nothing found; `status` says what the run holds"]


def _row_lines(row: Row) -> list[str]:
    outcome = row.outcome
    lines = [f"=== {row.id}", *_seed_lines(outcome.seed)]
    if isinstance(outcome, Sample):
        by = one_line(f"--- solution, by {outcome.model}")
        lines += ["--- problem", outcome.problem, by, outcome.solution]
    else:
        evidence = msgspec.json.encode(outcome.evidence).decode()
        lines += [f"--- rejected by {outcome.check}: {outcome.reason} {evidence}", outcome.text or "(no text)"]
    return [*lines, ""]


def _seed_lines(seed: Seed) -> list[str]:
    origin = " ".join(part for part in (seed.origin.corpus, seed.origin.repo, seed.origin.path) if part)
    place = f"lines {seed.first_line}-{seed.last_line}" if seed.origin.path else f"row {seed.index}"
    head = one_line(f"--- seed: {origin}, {place}, {seed.language}")
    return [head, seed.text.rstrip("\n")]


def _meant(outcomes: Iterable[Sample | Rejection], wanted: str) -> list[Sample | Rejection]:
    """Return the one that has an id like `wanted`, else the first that has one that begins so, else none."""
    begins: list[Sample | Rejection] = []
    for outcome in outcomes:
        ids = (outcome.id or "", outcome.prompt_id, outcome.seed.id)
        if wanted in ids[:2]:
            return [outcome]
        if not begins and any(known.startswith(wanted) for known in ids):
            begins.append(outcome)
    return begins


def _outcomes(run: RunDir, *, samples_only: bool) -> Iterator[Sample | Rejection]:
    yield from jsonl.read_parts(run.folder("samples"), Sample)
    if not samples_only:
        yield from jsonl.read_parts(run.folder("rejections"), Rejection)
