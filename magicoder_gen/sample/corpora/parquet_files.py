"""Parquet files on this machine: their row groups from the footer, their rows one row group at a time."""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from magicoder_gen.sample.corpora import parquet
from magicoder_gen.sample.corpora.table_files import TableFile, arrow_file, damage
from magicoder_gen.sample.protocols import Document, Skipped

_BUFFER_BYTES = 1 << 20  # without it, arrow reads a row group's column whole, be it gigabytes


class RowGroup(NamedTuple):
    """What the footer says of a row group: rows, and the bytes on disk of the columns to be read."""

    number: int
    rows: int
    bytes: int


def row_groups(table: TableFile) -> list[RowGroup]:
    """Return the file's row groups in order; raise what pyarrow does if the footer is damaged."""
    metadata = _opened(table.path).metadata
    wanted = tuple(f"{name}." for name in table.columns.names())
    paths = (metadata.schema.column(index).path for index in range(metadata.num_columns))
    leaves = [index for index, path in enumerate(paths) if f"{path}.".startswith(wanted)]
    groups = map(metadata.row_group, range(metadata.num_row_groups))
    return [
        RowGroup(number, group.num_rows, sum(group.column(leaf).total_compressed_size for leaf in leaves))
        for number, group in enumerate(groups)
    ]


def row_group_documents(table: TableFile, row_group: int, *, rows: int) -> Iterator[Document | Skipped]:
    """Return the rows of one row group in order; `rows` is how many the footer promised when the file was listed."""
    try:
        file = _opened(table.path)
    except FileNotFoundError:
        return iter([table.vanished(rows)])
    except damage() as error:
        return iter([table.lost(error, rows)])
    if row_group < file.metadata.num_row_groups:
        return _of_row_group(table, file, row_group)
    detail = f"{table.shown} has lost row group {row_group} since it was listed"
    return iter([table.skipped("bad_row_group", detail, count=rows)])


def documents(table: TableFile) -> Iterator[Document | Skipped]:
    """Yield the rows of all row groups in order, or one `no_column` for all; raise what pyarrow does."""
    file = _opened(table.path)
    found = file.schema_arrow.names
    if missing := parquet.check(found, table.columns):
        rows = file.metadata.num_rows
        yield parquet.no_column(table.shown, missing, found=found, corpus=table.corpus, count=rows)
        return
    for row_group in range(file.metadata.num_row_groups):
        yield from _of_row_group(table, file, row_group)


def column_names(table: TableFile) -> list[str]:
    """Return the columns that the footer names."""
    return list(_opened(table.path).schema_arrow.names)


def _of_row_group(table: TableFile, file: Any, row_group: int) -> Iterator[Document | Skipped]:
    return parquet.documents(
        file,
        row_group,
        columns=table.columns,
        corpus=table.corpus,
        max_bytes=table.max_bytes,
        name=table.shown,
    )


def _opened(path: Path) -> Any:
    stat = path.stat()
    return _parsed(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=1)
def _parsed(path: Path, _mtime_ns: int, _size: int) -> Any:
    """Open a file and parse its footer once for all its row groups; it closes with its last reader."""
    import pyarrow.parquet

    return pyarrow.parquet.ParquetFile(arrow_file(path), pre_buffer=False, buffer_size=_BUFFER_BYTES)
