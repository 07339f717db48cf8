"""Rows of a table's file as documents, whatever its format; damage is a value."""

from collections.abc import Iterator
from typing import Any

from magicoder_gen.sample.corpora import csv_rows, faults, ipc_rows, json_lines, parquet_files
from magicoder_gen.sample.corpora.table_files import TableFile, damage
from magicoder_gen.sample.protocols import Document, Skipped

PARQUET = ".parquet"
_READERS = {
    PARQUET: parquet_files,
    **dict.fromkeys((".arrow", ".feather", ".ipc"), ipc_rows),
    **{f"{kind}{packed}": json_lines for kind in (".jsonl", ".json") for packed in ("", ".gz", ".zst")},
    **{f".csv{packed}": csv_rows for packed in ("", ".gz", ".zst")},
}
SUFFIXES = tuple(_READERS)


def documents(table: TableFile) -> Iterator[Document | Skipped]:
    """Yield the rows of a file in order, lazily.

    What lies behind damage is one `bad_file`, a file that is gone one `vanished`, one we may not
    read `unreadable`.
    """
    try:
        rows: Iterator[Document | Skipped] = _reader(table).documents(table)
        yield from rows
    except FileNotFoundError:
        yield table.vanished()
    except damage() as error:
        yield table.lost(error)


def column_names(table: TableFile) -> list[str] | None:
    """Return the columns that the file shows at its start, None if it is empty or cannot be read."""
    try:
        names: list[str] | None = _reader(table).column_names(table)
    except damage() as error:
        faults.raise_if_exhausted(error, table.shown)
        return None
    return names


def _reader(table: TableFile) -> Any:
    return next(reader for suffix, reader in _READERS.items() if table.path.name.endswith(suffix))
