"""Stage 3: replies, or rows made elsewhere, to samples/ and rejections/.

First each row is judged for itself, by any number of processes: parsed, checked, searched for benchmark texts. Then
duplicates are found among those that are left, over all rows. Then samples and rejections are written, in the order
of the rows. In between, rows and what duplicates are found by lie on disk, in RUN/clean.scratch/.
"""

import logging
import shutil
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import msgspec

from magicoder_gen.clean import columns, duplicates, published, screen
from magicoder_gen.clean.checks.protocol import Verdict
from magicoder_gen.clean.columns import Columns
from magicoder_gen.clean.duplicates import Duplicate
from magicoder_gen.clean.options import CleanOptions
from magicoder_gen.clean.portions import Portion
from magicoder_gen.clean.screen import Aside, Screen
from magicoder_gen.clean.semantic import Finding, Paraphrases
from magicoder_gen.clean.spool import Spool
from magicoder_gen.records import Counts, Executor, Progress, Sample
from magicoder_gen.storage import optouts
from magicoder_gen.storage.rundir import RunDir, StageEntry
from magicoder_gen.storage.shards import Part, ShardWriter

_SCRATCH = "clean.scratch"

logger = logging.getLogger("magicoder_gen")


def run(
    options: CleanOptions,
    run: RunDir,
    *,
    rows: Iterable[Portion],
    inputs: dict[str, Any],
    total: int | None,
    executor: Executor,
    progress: Progress,
    paraphrases: Paraphrases | None = None,
) -> StageEntry:
    """Write samples/ and rejections/ from `rows`, which are read once, lazily; `total` is their number.

    The same rows give the same bytes: nothing of an answer's attempts, time or cost is written. Raises PoorYield
    after finishing if no sample or too few of them stay.
    """
    begun = time.monotonic()
    listed = optouts.of_run(run.root)  # first: a ledger that is damaged must not undo what is there
    run.begin("clean", inputs)
    published.forget(run.root)
    with _scratch(run.root / _SCRATCH) as folder, ExitStack() as files:
        sifted = _Sifted(options, folder, files)
        sifted.take(executor.map(Screen(options, listed), rows), total, progress)
        if paraphrases:
            sifted.search(paraphrases, progress)
        with (
            ShardWriter(run.folder("samples"), run.layout) as samples,
            ShardWriter(run.folder("rejections"), run.layout) as rejections,
        ):
            reasons = sifted.write(samples, rejections)
        index = sifted.index(run.folder(published.FOLDER)) if options.index else {}
    taken = len(sifted.spool.is_sample)
    counts = Counts(taken, taken - reasons.total(), dict(sorted(reasons.items())))
    entry = run.finish(
        "clean",
        state="complete",
        counts=counts,
        parts={"samples": samples.parts, "rejections": rejections.parts, **index},
        seconds=time.monotonic() - begun,
        cost=paraphrases.spent() if paraphrases else None,
    )
    options.require_yield(counts, was_purged=listed != optouts.NONE)
    return entry


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """Give a folder for the time being; one that a killed run has left is emptied."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Sifted:
    """Rows that were sifted each for itself, and then as duplicates of each other."""

    def __init__(self, options: CleanOptions, folder: Path, files: ExitStack) -> None:
        bands = options.near.band_count() if options.near else 0
        kinds = columns.types(keys=options.exact_keys(), bands=bands)
        self._options = options
        self._reasons: Counter[str] = Counter()
        self._dropped: dict[int, Duplicate] = {}
        self._contaminated: set[int] = set()
        self._meant: dict[str, Finding] = {}
        self.spool = files.enter_context(Spool(folder / "rows"))
        self.columns = files.enter_context(Columns(folder / "columns", kinds))
        self._ends = published.append(self.columns, options.published, near=options.near)
        self._first = self.columns.rows

    def take(self, sifted: Iterable[screen.Screened], total: int | None, progress: Progress) -> None:
        """Take in everything, then find the duplicates."""
        left_out = 0
        for portion in sifted:
            left_out += portion.left_out
            self.spool.append(portion.lines, portion.is_sample, portion.asides)
            self.columns.append(portion.columns, len(portion.asides))
            self._reasons.update(portion.reasons)
            progress.update(len(self.spool.is_sample), total)
        if left_out:
            logger.info("clean: %d rows that %s lists are left out", left_out, optouts.LEDGER)
        self.columns.flush()
        self._dropped = duplicates.find(self.columns, self._options, published=self._first)
        self._ids = self.columns.reader("id")

    def search(self, paraphrases: Paraphrases, progress: Progress) -> None:
        """Have those that are left searched for benchmark tasks in other words."""
        total = self.columns.rows - self._first - len(self._dropped)
        found = paraphrases.find(samples=self._left(), total=total, progress=progress)
        self._meant = {finding.sample: finding for finding in found}

    def _left(self) -> Iterator[Sample]:
        """Yield the samples that nothing speaks against yet, in the order of rows."""
        numbers = count(self._first)
        for line, aside in self.spool.rows():
            if aside is not None and next(numbers) not in self._dropped and not _held_against(aside):
                yield msgspec.json.decode(line, type=Sample)

    def write(self, samples: ShardWriter, rejections: ShardWriter) -> Counter[str]:
        """Write what stays and what does not, and return why it does not."""
        for line, stays in self._decided():
            (samples if stays else rejections).write_line(line)
        return self._reasons

    def _decided(self) -> Iterator[tuple[bytes, bool]]:
        """Yield each line and whether it is a sample that stays: by row, or in the paper's order."""
        if self._options.keep == "paper":
            yield from ((line, False) for line in self.spool.rejections())
            order = duplicates.shuffled(self.columns.rows - self._first)
            yield from (self._decision(*sample) for sample in self.spool.samples(order))
            return
        numbers = count()
        for line, aside in self.spool.rows():
            yield (line, False) if aside is None else self._decision(next(numbers), line, aside)

    def _decision(self, number: int, line: bytes, aside: bytes) -> tuple[bytes, bool]:
        row = self._first + number
        duplicate = self._dropped.get(row)
        if duplicate:
            reason = published.REASON if duplicate.kept < self._first else duplicate.reason
            why = Verdict(reason, self._evidence(row, duplicate))
            return self._rejected(line, aside, duplicate.check, why), False
        verdict = _held_against(aside)
        if verdict:
            self._contaminated.add(row)
            return self._rejected(line, aside, "decontaminate", verdict), False
        return self._as_meant(row, line, aside) if self._meant else (line, True)

    def _as_meant(self, row: int, line: bytes, aside: bytes) -> tuple[bytes, bool]:
        """Reject or label a sample that repeats a benchmark's task in other words."""
        sample = msgspec.json.decode(line, type=Sample)
        finding = self._meant.get(sample.id)
        if finding is None:
            return line, True
        if finding.drops:
            self._contaminated.add(row)
            return self._rejected(line, aside, "decontaminate", finding.verdict), False
        return msgspec.json.encode(screen.contaminated(sample, finding.verdict)) + b"\n", True

    def _rejected(self, line: bytes, aside: bytes, check: str, verdict: Verdict) -> bytes:
        self._reasons[f"{check}:{verdict.reason}"] += 1
        sample = msgspec.json.decode(line, type=Sample)
        text = msgspec.json.decode(aside, type=Aside).text
        return msgspec.json.encode(screen.rejection(sample, text, check, verdict)) + b"\n"

    def _equal(self, row: int, kept: int) -> str:
        """Return all keys in which two rows are equal."""
        readers = {key: self.columns.reader(f"exact_{key}") for key in self._options.exact_keys()}
        mine = {key: read(row, row + 1) for key, read in readers.items()}
        return ", ".join(
            key for key, read in readers.items() if mine[key].any() and (mine[key] == read(kept, kept + 1)).all()
        )

    def _evidence(self, row: int, duplicate: Duplicate) -> dict[str, str | int | float | None]:
        """Return the id of the sample that stays, the run that published it if another did, and what they share."""
        high, low = self._ids(duplicate.kept, duplicate.kept + 1)[0].tolist()
        evidence: dict[str, str | int | float | None] = {"kept": f"{high:016x}{low:016x}"}
        if duplicate.kept < self._first:
            number = next(place for place, end in enumerate(self._ends) if duplicate.kept < end)
            evidence["published"] = published.name(self._options.published[number])
        if duplicate.similarity is None:
            evidence["equal"] = self._equal(row, duplicate.kept)
        else:
            evidence["similarity"] = round(duplicate.similarity, 3)
        return evidence

    def index(self, folder: Path) -> dict[str, list[Part]]:
        """Keep what later runs need to recognise the samples that were written."""
        import numpy as np

        stays = np.ones(self.columns.rows, bool)
        stays[: self._first] = False
        stays[list({*self._dropped, *self._contaminated})] = False
        return {published.FOLDER: published.write(folder, self.columns, np.flatnonzero(stays), near=self._options.near)}


def _held_against(aside: bytes) -> Verdict | None:
    """Return what is held against a sample once duplicates are known, None for most."""
    return msgspec.json.decode(aside, type=Aside).verdict if b'"verdict"' in aside else None
