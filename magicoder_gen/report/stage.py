"""The command `report`: measure a run, write stats.json and report.html."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import msgspec

from magicoder_gen.categories import AnyCategories
from magicoder_gen.categories.sentences import Sentences
from magicoder_gen.categories.words import Words
from magicoder_gen.errors import TryLater
from magicoder_gen.records import Record
from magicoder_gen.report import humaneval, page, stats, subset
from magicoder_gen.report.stats import Stats
from magicoder_gen.storage import optouts, shards
from magicoder_gen.storage.rundir import PURGING, RunDir

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

    Nothing else is changed, but that vectors which telling `categories` takes are kept in embeddings/, which takes the
    run's lock; without them a stage may run meanwhile.

    `benchmark` is a file or folder with HumanEval, `others` are files of other data sets that are compared with it.
    Raises ConfigError for one of these that cannot be read, CorruptData for a run whose files are damaged, TryLater
    where a purge is not finished or the run changes while it is read.
    """
    before = version(run)
    with ExitStack() as alone:
        keeps_vectors = isinstance(categories, Sentences)
        if keeps_vectors:
            alone.enter_context(run.locked())
        with _unchanged(run, before):
            measured, shown = _read(run, benchmark, others, categories)
        numbers, html = run.root / "stats.json", run.root / "report.html"
        files = {numbers: _encoded(measured), html: page.render(measured, shown).encode()}
        if not keeps_vectors:
            with suppress(TryLater):  # there may be a report of a run that somebody writes to
                alone.enter_context(run.locked())
        with _unchanged(run, before):
            publish(run, before, files)
    return Report(str(html), str(numbers), measured.samples, measured.rejections, len(shown), measured.notes)


def _read(
    run: RunDir, benchmark: Path | None, others: Iterable[Path], categories: AnyCategories
) -> tuple[Stats, list[subset.Shown]]:
    """Return the numbers of a run, and the rows that are shown of it."""
    measured, rows = stats.gather(run, benchmark, others, categories=categories)
    tasks = humaneval.read(benchmark).by_name() if benchmark else {}
    ask = subset.asker(run)
    return measured, subset.keyed([*subset.samples(run, rows, ask), *subset.rejections(run, rows, ask, tasks)])


def publish(run: RunDir, before: list[bytes], files: dict[Path, bytes]) -> None:
    """Write the files if they are about what is there; where a purge begins meanwhile, nothing of them stays."""
    if version(run) != before:
        return
    try:
        for path, content in files.items():
            shards.write_file(path, content)
    finally:
        if (run.root / PURGING).exists() or version(run) != before:
            for path in files:
                path.unlink(missing_ok=True)


@contextmanager
def _unchanged(run: RunDir, before: list[bytes]) -> Iterator[None]:
    """Raise TryLater if the run is another one after the body than before, whatever went wrong there because of it."""
    changed = f"{run.root} changed while it was read; run the same command again"
    try:
        yield
    except Exception as error:
        if version(run) != before:
            raise TryLater(changed) from error
        raise
    if version(run) != before:
        raise TryLater(changed)


def version(run: RunDir) -> list[bytes]:
    """Return what differs once a stage or a purge has begun or ended; raise TryLater while a purge is not finished.

    Whoever changes files of rows says so in the manifest before.
    """
    if (run.root / PURGING).exists():
        raise TryLater(
            f"{run.root}: a purge is not finished; wait for it, or if it was interrupted run the same `purge` again"
        )
    paths = [run.root / name for name in ("manifest.json", optouts.LEDGER)]
    return [path.read_bytes() if path.exists() else b"" for path in paths]


def _encoded(measured: Stats) -> bytes:
    return msgspec.json.format(msgspec.json.encode(measured), indent=2) + b"\n"


def lines(report: Report) -> list[str]:
    """Return what was written as text."""
    head = f"{report.samples:,} samples, {report.rejections:,} rejections, {report.shown:,} of them to browse"
    return [head, *report.notes, f"{report.stats}", f"{report.report}: open it in a browser"]
