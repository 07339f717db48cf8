"""Stage 5: samples to data/, one folder a table, with the data set card and what trainers want to be told."""

import logging
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from magicoder_gen.categories import AnyCategories
from magicoder_gen.categories.names import NAMES
from magicoder_gen.categories.words import Words
from magicoder_gen.export import files, formats, trainers, where
from magicoder_gen.export.card import CardFacts, render
from magicoder_gen.export.fields import Row
from magicoder_gen.export.files import Published, Writers
from magicoder_gen.export.formats import Table
from magicoder_gen.export.options import ExportOptions
from magicoder_gen.export.splits import Splits
from magicoder_gen.export.tally import Rejected, Tally
from magicoder_gen.records import Counts, Progress, Sample
from magicoder_gen.storage import jsonl, shards
from magicoder_gen.storage.rundir import RunDir, StageEntry
from magicoder_gen.storage.shards import Part

if TYPE_CHECKING:
    import numpy as np

logger = logging.getLogger(__name__)

_FAR = 0.05  # from the share that was asked for

_WORDS = Words()


def run(
    options: ExportOptions, run: RunDir, *, progress: Progress, facts: CardFacts, categories: AnyCategories = _WORDS
) -> StageEntry:
    """Write data/<folder>/<split>-*, uncompressed whatever the layout says, and data/README.md beside them.

    The same samples, options and facts give the same bytes. An earlier export stays as it is until all rows are
    written, and for good if there are none, which raises PoorYield. `categories` are told only where they are asked.
    """
    begun = time.monotonic()
    tally, reasons = Tally(), Counter[str]()
    splits, total = Splits(options.splits), _samples(run)
    kinds = categories.told(run, progress) if options.asks_category else None
    with _drafted(options, run, splits.names) as (writers, published):
        for row in _wanted(options, run, reasons, kinds):
            tally.add(row.sample, row.category)
            writers.write(row.sample, splits.of(row.sample))
            progress.update(tally.rows + reasons.total(), total)
        counts = _counts(tally, reasons)
        options.require_yield(counts)
        run.begin("export", {**options.inputs(run, categories), "facts": msgspec.to_builtins(facts)})
    _tell_shares(splits, published, tally.rows)
    for rejected in jsonl.read_parts(run.folder("rejections"), Rejected):
        tally.reject(rejected)
    told = msgspec.structs.replace(
        facts,
        counts={**facts.counts, "export": counts},
        where=options.where,
        select=options.select,
        categories=categories.method() if options.asks_category else None,
    )
    parts: dict[str, list[Part]] = {}
    for each in published:
        parts.setdefault(f"data/{each.table.folder}", []).extend(each.parts)
    texts = {
        files.CARD: render(options.card, told, published=published, tally=tally),
        files.LLAMA_FACTORY: trainers.llama_factory(published),
        files.AXOLOTL: trainers.axolotl(published),
    }
    parts["data"] = [_write_text(run.folder("data") / name, text) for name, text in texts.items()]
    return run.finish("export", state="complete", counts=counts, parts=parts, seconds=time.monotonic() - begun)


def _drafted(
    options: ExportOptions, run: RunDir, splits: list[str]
) -> AbstractContextManager[tuple[Writers, list[Published]]]:
    data, size = run.folder("data"), run.layout.shard_bytes
    return files.drafted(data, _tables(options), splits=splits, kind=options.file, shard_bytes=size)


def _counts(tally: Tally, reasons: Counter[str]) -> Counts:
    left_out = {reason: reasons[reason] for reason in ("where", "select") if reasons[reason]}
    return Counts(tally.rows + reasons.total(), tally.rows, left_out)


def _tables(options: ExportOptions) -> list[Table]:
    return [table for block in options.formats for table in formats.tables(block)]


def _wanted(options: ExportOptions, run: RunDir, reasons: Counter[str], kinds: "np.ndarray | None") -> Iterator[Row]:
    """Yield the samples that `where` and `select` let through, in their order; count the others."""
    holds = where.compiled(options.where)
    chosen = None
    if options.select:
        chosen = options.select.chosen(pair for pair in enumerate(_read(run, kinds)) if holds(pair[1]))
    for number, row in enumerate(_read(run, kinds)):
        if not holds(row):
            reasons["where"] += 1
        elif chosen is not None and number not in chosen:
            reasons["select"] += 1
        else:
            yield row


def _read(run: RunDir, kinds: "np.ndarray | None") -> Iterator[Row]:
    """Yield all samples with their categories, if these are known; in their order."""
    samples = jsonl.read_parts(run.folder("samples"), Sample)
    if kinds is None:
        return map(Row, samples)
    return (Row(sample, NAMES[kind]) for sample, kind in zip(samples, kinds, strict=True))


def _samples(run: RunDir) -> int | None:
    clean = run.stages().get("clean")
    return clean.counts.kept if clean and clean.counts else None


def _tell_shares(splits: Splits, published: list[Published], rows: int) -> None:
    """Warn of splits whose share is not what was asked for: repositories are few, or of very different sizes."""
    got = {each.split: each.rows() for each in published}
    for name, share in splits.shares.items():
        if name not in got:
            logger.warning("export: split %s got no row: all of a repository is in one split, and there are few", name)
        elif abs(got[name] / rows - share) > _FAR:
            logger.warning(
                "export: split %s got %d of %d rows, %.0f %% where %.0f %% were asked for: "
                "all of a repository is in one split, and there are few or large ones",
                name,
                got[name],
                rows,
                100 * got[name] / rows,
                100 * share,
            )


def _write_text(path: Path, text: str) -> Part:
    shards.write_file(path, text.encode())
    return Part(path.name, 0, path.stat().st_size, shards.sha256_of(path))
