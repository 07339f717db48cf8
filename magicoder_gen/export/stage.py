"""Stage 5: samples to data/, one folder of JSON lines per format, and the data set card."""

import time
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import msgspec

from magicoder_gen.errors import PoorYield, creating, writing
from magicoder_gen.export.card import Card, CardFacts, Tally, render
from magicoder_gen.export.formats import FORMATS, Format, Messages, ProblemSolution
from magicoder_gen.records import Counts, Options, Progress, Sample
from magicoder_gen.storage import jsonl, shards
from magicoder_gen.storage.rundir import RunDir, StageEntry, as_json
from magicoder_gen.storage.shards import Layout, Part, ShardWriter


class ExportOptions(Options, frozen=True):
    """The section `export`. The first format is what loaders take when none is named."""

    formats: Annotated[tuple[Format, ...], msgspec.Meta(min_length=1)] = (ProblemSolution(), Messages())
    card: Card = Card()

    def inputs(self, run: RunDir) -> dict[str, Any]:
        """Return what decides the outcome, but for the facts that the card tells."""
        clean = run.stages().get("clean")
        samples = clean.parts.get("samples", []) if clean else []
        return {
            **as_json(self),
            "shard_bytes": run.layout.shard_bytes,
            "samples": [[part.name, part.sha256] for part in samples],
        }

    def require_yield(self, counts: Counts) -> None:
        """Raise PoorYield if there was nothing to export."""
        if not counts.kept:
            raise PoorYield("export: there are no samples to export; see rejections/ for why clean kept none")


def run(options: ExportOptions, run: RunDir, *, progress: Progress, facts: CardFacts) -> StageEntry:
    """Write data/<format>/train-*.jsonl, plain whatever the layout compresses, and data/README.md.

    The same samples and facts give the same bytes. Raises PoorYield after finishing if there is no sample.
    """
    begun = time.monotonic()
    run.begin("export", {**options.inputs(run), "facts": msgspec.to_builtins(facts)})
    tally = Tally()
    formats = _distinct(options.formats)
    written = _write(formats, run, progress=progress, tally=tally)
    parts = {
        f"data/{block.folder}": _publish(run.folder("data") / block.folder, written[block.folder]) for block in formats
    }
    _remove_other_formats(run.folder("data"), formats)
    parts["data"] = [_write_card(run, render(options.card, facts, formats=formats, tally=tally))]
    entry = run.finish(
        "export",
        state="complete",
        counts=Counts(tally.rows, tally.rows, {}),
        parts=parts,
        seconds=time.monotonic() - begun,
    )
    options.require_yield(Counts(tally.rows, tally.rows, {}))
    return entry


def _distinct(formats: tuple[Format, ...]) -> list[Format]:
    return list({block.folder: block for block in formats}.values())


def _write(formats: list[Format], run: RunDir, *, progress: Progress, tally: Tally) -> dict[str, list[Part]]:
    """Write every sample in every format under temporary names; how many parts there are shows at the end."""
    layout = Layout(shard_bytes=run.layout.shard_bytes)
    with ExitStack() as stack:
        writers = {
            block.folder: stack.enter_context(ShardWriter(run.folder("data") / block.folder, layout))
            for block in formats
        }
        total = _samples(run)
        for sample in jsonl.read_parts(run.folder("samples"), Sample):
            tally.add(sample)
            for block in formats:
                writers[block.folder].write(block.row(sample))
            progress.update(tally.rows, total)
    return {folder: writer.parts for folder, writer in writers.items()}


def _samples(run: RunDir) -> int | None:
    clean = run.stages().get("clean")
    return clean.counts.kept if clean and clean.counts else None


def _publish(folder: Path, parts: list[Part]) -> list[Part]:
    """Give parts their final names, in place of those of an earlier export."""
    _remove_rows(folder)
    published = []
    for number, part in enumerate(parts):
        name = f"train-{number:05d}-of-{len(parts):05d}.jsonl"
        with writing(folder / name):
            shards.rename_durably(folder / part.name, folder / name)
        published.append(msgspec.structs.replace(part, name=name))
    return published


def _remove_rows(folder: Path) -> None:
    with creating(folder):
        for stale in folder.glob("train-*.jsonl"):
            stale.unlink()


def _remove_other_formats(data: Path, formats: list[Format]) -> None:
    for folder in {block.folder for block in FORMATS} - {block.folder for block in formats}:
        _remove_rows(data / folder)
        with creating(data / folder):
            if (data / folder).is_dir() and not any((data / folder).iterdir()):
                (data / folder).rmdir()


def _write_card(run: RunDir, text: str) -> Part:
    path = run.folder("data") / "README.md"
    shards.write_file(path, text.encode())
    return Part(path.name, 0, path.stat().st_size, shards.sha256_of(path))
