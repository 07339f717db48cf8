"""The command `purge`: find what goes, write down what is to be done, do it, and keep in the ledger that it was.

The order is what makes it safe to kill: what has to be done is on disk first; then no stage is complete any more; then
what was exported goes, then the records; last the manifest says how much is left.
"""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from magicoder_gen.clean import published
from magicoder_gen.clean.markers import Markers
from magicoder_gen.embeddings.cache import FOLDER as VECTORS
from magicoder_gen.fingerprint import digest
from magicoder_gen.generate import journal
from magicoder_gen.generate.index import Index
from magicoder_gen.purge import aside, pending, planning, questions, sifting
from magicoder_gen.purge.pending import Job, Pending
from magicoder_gen.purge.unanswered import Asks
from magicoder_gen.records import Record
from magicoder_gen.sample import checkpoint
from magicoder_gen.storage import metrics, optouts, pushes
from magicoder_gen.storage.optouts import Entry, Purge
from magicoder_gen.storage.rundir import RunDir, StageEntry

Export = Callable[[], str | None]  # export again; return what stands in its way, None if nothing does

_REPORT = ("report.html", "stats.json", "status.json")
_UNPROVEN = (
    "all vectors and judgements are removed: while `clean` of rows made elsewhere is not finished, nothing tells of "
    "which rows they are; `clean` makes and asks them again"
)
_COVERED = "seeds, replies, failures, samples and rejections that an entry covers, some of them several entries:"
_ID = re.compile(r"[0-9a-f]{32}")
_SHOWN = 20  # entries that covered something


class Purged(Record, frozen=True):
    """What went from a run, or would go: records by kind, of each entry how many it covered, and what is to be done.

    `unmatched` entries covered nothing, now or before; `notes` say what the user has to know.
    """

    run: str
    dry_run: bool
    removed: dict[str, int]
    entries: dict[str, int]
    unmatched: list[str]
    notes: list[str]


def run(
    run: RunDir,
    listed: Path,
    *,
    export: Export,
    markers: Markers | None = None,
    asks: Asks | None = None,
    dry_run: bool = False,
) -> Purged:
    """Purge a run of what the file `listed` names; a purge that was interrupted is carried on first.

    `export` writes data/ anew where there was a complete one; `asks` makes the prompts of a seed. Raises ConfigError
    for a wrong list, TryLater while prompts wait in batches, CorruptData for a damaged file.
    """
    found, copies = optouts.read(listed), _copies(run)
    notes: list[str] = []
    unfinished = pending.read(run.root)
    if unfinished and not dry_run:
        notes += _carried_out(run, unfinished, export)
    planned = planning.planned(run, found, markers=markers or Markers(), asks=asks)
    if not dry_run and not _is_nothing(planned):
        pending.write(run.root, planned)
        notes += _carried_out(run, planned, export)
    if notes or planned.purge.removed:
        notes += copies
    return _said(run, planned, found.entries, notes, unfinished=None if dry_run else unfinished, dry_run=dry_run)


def _copies(run: RunDir) -> list[str]:
    """Say where rows were published, which a purge does not reach."""
    places = {(one.hub, one.repository, one.revision): None for one in pushes.read(run.root)}
    return [
        f"rows were published to {hub}/datasets/{repository}, {revision}: run `magicoder-gen push` to it again, "
        "and ask its hub to remove the history if it must go too"
        for hub, repository, revision in places
    ]


def _is_nothing(planned: Pending) -> bool:
    """Whether nothing goes, and nothing is listed that was not before."""
    return not planned.purge.entries and not planned.purge.removed


def _said(
    run: RunDir,
    planned: Pending,
    entries: tuple[Entry, ...],
    notes: list[str],
    *,
    unfinished: Pending | None,
    dry_run: bool,
) -> Purged:
    """Return what was done, or would be."""
    done = [*([unfinished.purge] if unfinished else []), planned.purge]
    removed: dict[str, int] = {}
    for purge in done:
        removed |= {kind: removed.get(kind, 0) + number for kind, number in purge.removed.items()}
    rows = _rows([*optouts.ledger(run.root), *([planned.purge] if dry_run else [])])
    unmatched = [entry.said() for entry in entries if not rows.get(entry)]
    covered = {entry.said(): number for entry, number in _rows(done).items() if number}
    return Purged(str(run.root), dry_run, removed, covered, unmatched, notes)


def _rows(purges: list[Purge]) -> dict[Entry, int]:
    """Return how many records each entry covered, over several purges."""
    rows: dict[Entry, int] = {}
    for purge in purges:
        for entry, number in zip(purge.entries, purge.rows, strict=True):
            rows[entry] = rows.get(entry, 0) + number
    return rows


def _carried_out(run: RunDir, work: Pending, export: Export) -> list[str]:
    """Do what is to be done, from wherever an earlier command came to; return what the user has to know."""
    notes = []
    if work.purge.removed:
        judged = questions.of(run)
        _distrust(run, work.run)
        if work.judgements:
            _distrust(judged, work.judgements)
        aside.leftovers(run.root)
        notes += _remove_made(run)
        if work.judgements:
            _sift(judged, work.judgements)
        _sift(run, work.run)
        aside.vectors(run.folder(VECTORS), work.run.scope.problems)
        optouts.append(run.root, work.purge)
        notes += _export(work.run, export)
        _measure(run)
        notes += [_UNPROVEN] if work.run.scope.problems is None else []
        notes += filter(None, [aside.strangers(run.root)])
    else:
        optouts.append(run.root, work.purge)
    pending.remove(run.root)
    return notes


def _distrust(run: RunDir, job: Job) -> None:
    """Let no stage be complete until it is what the manifest says."""
    states = {
        name: msgspec.structs.replace(entry, state="partial") if entry.state == "complete" else entry
        for name, entry in job.stages.items()
        if name != "export"
    }
    if run.stages() != states:
        run.replace(states)


def _remove_made(run: RunDir) -> list[str]:
    """Remove what can be made anew: the report, and what was exported."""
    had_report = (run.root / "report.html").exists()
    for name in _REPORT:
        (run.root / name).unlink(missing_ok=True)
    aside.exported(run.folder("data"))
    return (
        [f"report.html and stats.json are removed: run `magicoder-gen report {run.root}` again"] if had_report else []
    )


def _sift(run: RunDir, job: Job) -> None:
    """Take all that goes out of the files of records, and let the manifest say what is left."""
    folder = run.folder("replies")
    if folder.exists():
        torn = sifting.torn_tails(folder)
        stays = sifting.untouched(run, job.scope) if torn else bool
        for path in torn:
            if not sifting.is_harmless(path.read_bytes(), stays):
                path.unlink()
        sifting.replies(folder, job.scope, accepted=job.accepted)
        shutil.rmtree(folder / "batches", ignore_errors=True)
    (run.folder("seeds") / checkpoint.FILE).unlink(missing_ok=True)
    sifting.seeds(run.folder("seeds"), job.scope)
    sifting.rejections(run.folder("rejections"), job.scope)
    sifting.samples(run.folder("samples"), job.scope)
    aside.index(run.root, job.scope.rows)
    run.replace(_entries(run, job))


def _entries(run: RunDir, job: Job) -> dict[str, StageEntry]:
    """Return the manifest for what is left."""
    left: dict[str, StageEntry] = {}
    for name, entry in job.stages.items():
        if name == "export":
            continue
        parts = {folder: _left(run, folder, before) for folder, before in entry.parts.items()}
        counts = job.counts.get(name, entry.counts)
        left[name] = msgspec.structs.replace(entry, parts=parts, counts=counts)
        inputs = entry.inputs | (planning.inputs(name, run, left) if name in job.fresh else {})
        left[name] = msgspec.structs.replace(left[name], inputs=inputs, fingerprint=digest(inputs))
    return left


def _left(run: RunDir, folder: str, before: list[Any]) -> list[Any]:
    if folder == published.FOLDER:
        return aside.index_parts(run.folder(folder), before)
    return sifting.described(run.folder(folder), before)


def _export(job: Job, export: Export) -> list[str]:
    """Write data/ anew, if there was a complete one."""
    entry = job.stages.get("export")
    if entry is None or entry.state != "complete":
        return []
    trouble = export()
    return [f"data/ is removed, not written anew: {trouble}"] if trouble else []


def _measure(run: RunDir) -> None:
    """Bring metrics.prom up to date, where there is one."""
    if not (run.root / metrics.NAME).exists():
        return
    with Index.reading(run.folder("replies")) as index:
        metrics.write(run, metrics.Moment(traffic=index.traffic() if journal.exists(index.folder) else None))


def lines(purged: Purged) -> list[str]:
    """Return what was done as text."""
    verb = "would be removed" if purged.dry_run else "removed"
    found = [f"{kind}: {number:,} {verb}" for kind, number in purged.removed.items()]
    largest = sorted(purged.entries.items(), key=lambda one: (-one[1], one[0]))
    covered = [f"  {entry}: {number:,}" for entry, number in largest[:_SHOWN]]
    if largest[_SHOWN:]:
        covered.append(f"  and {len(largest) - _SHOWN:,} further entries, which --json has")
    unmatched = [f"matched nothing: {entry}{_hint(entry)}" for entry in purged.unmatched]
    return [*(found or [f"nothing {verb}"]), *([_COVERED, *covered] if covered else []), *unmatched, *purged.notes]


def _hint(entry: str) -> str:
    """Say what is wrong with an id that may be the beginning of one; in rows made elsewhere ids can be anything."""
    kind, _, value = entry.partition(" ")
    return " (our ids have 32 hex digits; list it whole)" if kind == "id" and not _ID.fullmatch(value) else ""
