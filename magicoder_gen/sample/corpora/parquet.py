"""One row group of a parquet file as documents."""

from collections.abc import Iterator, Sequence
from typing import Any

from magicoder_gen.records import Origin
from magicoder_gen.sample.corpora import arrow_rows, faults
from magicoder_gen.sample.corpora.columns import Columns
from magicoder_gen.sample.protocols import Document, Skipped

_BATCH_ROWS = 1000  # at 2 to 4 KB a source file, some MB in memory


def documents(
    file: Any, row_group: int, *, columns: Columns, corpus: str, max_bytes: int, name: str | None = None
) -> Iterator[Document | Skipped]:
    """Yield the rows of one row group of a `pyarrow.parquet.ParquetFile`, in order, a batch in memory.

    `name` is what messages call the file, `corpus` if None. What cannot be decoded, to the end of the row group, is
    one Skipped `bad_row_group`; where a column is missing, all is one `no_column`. A MagicoderError that the file
    object raises passes through.
    """
    import pyarrow

    name = name or corpus
    left = file.metadata.row_group(row_group).num_rows
    if missing := check(file.schema_arrow.names, columns):
        yield no_column(name, missing, found=file.schema_arrow.names, corpus=corpus, count=left)
        return
    try:
        is_first = True
        for batch in file.iter_batches(_BATCH_ROWS, [row_group], columns.names(), use_threads=False):
            yield from arrow_rows.documents(
                batch, columns=columns, corpus=corpus, max_bytes=max_bytes, is_first=is_first
            )
            left -= batch.num_rows
            is_first = False
    except (pyarrow.ArrowException, OSError) as error:
        faults.raise_if_exhausted(error, name)
        yield _lost(name, row_group, corpus=corpus, count=left, why=faults.one_line(error))
    else:
        if left > 0:
            yield _lost(name, row_group, corpus=corpus, count=left, why="it has fewer than its footer says")


def _lost(name: str, row_group: int, *, corpus: str, count: int, why: str) -> Skipped:
    detail = f"{name}: {count} rows of row group {row_group} cannot be read and are left out: {why}"
    return Skipped("bad_row_group", Origin(corpus), count, detail)


def check(names: Sequence[str], columns: Columns) -> str | None:
    """Return the first of `columns` that a table with columns `names` lacks or has twice, None if it has all."""
    return next((name for name in columns.names() if list(names).count(name) != 1), None)


def lacks(name: str, missing: str, *, found: Sequence[str]) -> str:
    """Return what messages say of a table that lacks a column, or has it twice."""
    how = "the same column twice:" if missing in found else "no column"
    return f"{name} has {how} {missing!r}, but {', '.join(map(faults.shown, found))}"


def no_column(name: str, missing: str, *, found: Sequence[str], corpus: str, count: int) -> Skipped:
    """Return what stands for `count` rows of a file that lacks a column."""
    detail = f"{lacks(name, missing, found=found)}; it is left out"
    return Skipped("no_column", Origin(corpus), count, detail)
