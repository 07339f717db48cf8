"""The command `report`: measure a run, write stats.json and report.html."""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from magicoder_gen.categories import AnyCategories
from magicoder_gen.categories.words import Words
from magicoder_gen.records import Record
from magicoder_gen.report import humaneval, page, stats, subset
from magicoder_gen.report.stats import Stats
from magicoder_gen.storage import shards
from magicoder_gen.storage.rundir import RunDir

_WORDS = Words()


class Report(Record, frozen=True):
    """What was written where, about how many rows, and what is missing."""

    report: str
    stats: str
    samples: int
    rejections: int
    shown: int
    notes: list[str]


def write(
    run: RunDir, *, benchmark: Path | None = None, others: Iterable[Path] = (), categories: AnyCategories = _WORDS
) -> Report:
    """Write the report of a run. The same files give the same bytes.

    Nothing else is changed, but that vectors which telling `categories` takes are kept in embeddings/.

    `benchmark` is a file or folder with HumanEval, `others` are files of other data sets that are compared with it.
    Raises ConfigError for one of these that cannot be read, CorruptData for a run whose files are damaged.
    """
    measured, rows = stats.gather(run, benchmark, others, categories=categories)
    tasks = humaneval.read(benchmark).by_name() if benchmark else {}
    ask = subset.asker(run)
    shown = [*subset.samples(run, rows, ask), *subset.rejections(run, rows, ask, tasks)]
    numbers, html = run.root / "stats.json", run.root / "report.html"
    shards.write_file(numbers, _encoded(measured))
    shards.write_file(html, page.render(measured, shown).encode())
    return Report(str(html), str(numbers), measured.samples, measured.rejections, len(shown), measured.notes)


def _encoded(measured: Stats) -> bytes:
    return msgspec.json.format(msgspec.json.encode(measured), indent=2) + b"\n"


def lines(report: Report) -> list[str]:
    """Return what was written as text."""
    head = f"{report.samples:,} samples, {report.rejections:,} rejections, {report.shown:,} of them to browse"
    return [head, *report.notes, f"{report.stats}", f"{report.report}: open it in a browser"]
