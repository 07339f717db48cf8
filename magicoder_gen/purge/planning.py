"""What a purge of one run will do: found before anything changes, and kept in `pending`."""

from datetime import UTC, datetime
from typing import Any

from magicoder_gen.clean.markers import Markers
from magicoder_gen.embeddings.cache import FOLDER as VECTORS
from magicoder_gen.errors import TryLater
from magicoder_gen.generate import journal
from magicoder_gen.generate.index import Index
from magicoder_gen.generate.plan import ACCEPTED
from magicoder_gen.generate.teachers.batch_ledger import handed_in
from magicoder_gen.purge import aside, questions
from magicoder_gen.purge.pending import Job, Pending
from magicoder_gen.purge.scan import Found
from magicoder_gen.purge.unanswered import Asks
from magicoder_gen.storage import optouts
from magicoder_gen.storage.optouts import Entry, Listed, Purge
from magicoder_gen.storage.rundir import RunDir, StageEntry


def planned(run: RunDir, listed: Listed, *, markers: Markers, asks: Asks | None = None) -> Pending:
    """Look for everything that goes; nothing changes. Raises TryLater while prompts wait in batches."""
    _refuse_batches(run)
    before = optouts.of_run(run.root).entries
    judged = questions.of(run)
    wants = run.folder(VECTORS).exists() or judged.root.exists()
    found = Found(run, before | set(listed.entries), markers=markers, wants_problems=wants, asks=asks)
    if wants and _is_unproven(run) and not before.issuperset(listed.entries):
        found.forget_problems()
    removed = dict(found.removed)
    problems = found.scope.problems
    removed["vectors"] = aside.vectors(run.folder(VECTORS), problems, counts_only=True)
    asked = questions.about(judged, problems)
    judging = Found(judged, asked, markers=markers, wants_problems=False) if asked else None
    if judging:
        removed |= {f"judgements: {kind}": number for kind, number in judging.removed.items()}
    known = (*listed.entries, *sorted(before - set(listed.entries), key=Entry.said))
    told = [entry for entry in known if entry not in before or found.matched[entry]]
    purge = Purge(
        datetime.now(UTC).isoformat(timespec="seconds"),
        listed.sha256,
        tuple(told),
        tuple(found.matched[entry] for entry in told),
        {kind: number for kind, number in removed.items() if number},
        found.cost if found.removed["replies"] else None,
    )
    return Pending(purge, _job(run, found), _job(judged, judging) if judging else None)


def _is_unproven(run: RunDir) -> bool:
    """Whether nothing tells which rows there were: `clean` of rows made elsewhere did not come to its end."""
    entry = run.stages().get("clean")
    return entry is not None and entry.state != "complete" and not journal.exists(run.folder("replies"))


def _refuse_batches(run: RunDir) -> None:
    """Raise TryLater while prompts are in files or at a provider: their answers would come back."""
    for one, section in ((run, "generate"), (questions.of(run), "clean")):
        folder = one.folder("replies")
        if not (folder / "batches").exists():
            continue
        with Index.reading(folder) as index:
            handed, _ = handed_in(folder / "batches", index.open)
        if handed.prompts or handed.written:
            raise TryLater(
                f"{folder / 'batches'}: {handed.said()}; collect them with `{section}` first, "
                "or move this folder away to give them up"
            )


def _job(run: RunDir, found: Found) -> Job:
    stages = run.stages()
    fresh = tuple(name for name in stages if _is_fresh(name, run, stages))
    with Index.reading(run.folder("replies")) as index:
        accepted = index.fact(ACCEPTED)
    return Job(found.scope, stages, found.counts(), fresh, accepted)


def _is_fresh(name: str, run: RunDir, stages: dict[str, StageEntry]) -> bool:
    """Whether a stage was made of what the stage before it has now."""
    now = inputs(name, run, stages)
    return bool(now) and all(stages[name].inputs.get(key) == value for key, value in now.items())


def inputs(name: str, run: RunDir, stages: dict[str, StageEntry]) -> dict[str, Any]:
    """Return those of a stage's inputs that name the files of the stage before it, as they are now."""
    sample = stages.get("sample")
    seeds = [part.sha256 for part in sample.parts.get("seeds", [])] if sample else []
    if name == "sample" and sample and "questions" in sample.inputs:
        return {"questions": seeds}
    if name == "generate":
        return {"seeds": seeds}
    if name == "clean" and isinstance(stages[name].inputs.get("rows"), str):
        return {"rows": journal.content_digest(run.folder("replies"))}
    return {}
