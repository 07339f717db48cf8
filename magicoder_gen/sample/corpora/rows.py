"""Rows of a table: parquet, or JSON lines, plain, gzip or zstd. Memory is bounded, damage is a value."""

import gzip
import json
import logging
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

import msgspec

from magicoder_gen.errors import CorruptData
from magicoder_gen.storage import jsonl

SUFFIXES = (".parquet", *(f"{kind}{zipped}" for kind in (".jsonl", ".json") for zipped in ("", ".gz", ".zst")))
Row = dict[str, Any]
_BATCH_ROWS = 1000  # at 4 KB a source file, some 4 MB in memory
_SURROGATE = re.compile("[\ud800-\udfff]")

logger = logging.getLogger(__name__)


class BadRow(NamedTuple):
    """A row, or with reason `bad_file` the rest of a file, that cannot be read."""

    reason: str


def read(path: Path, columns: Sequence[str], *, max_bytes: int) -> Iterator[Row | BadRow]:
    """Yield the rows of `path` in order, lazily; of a parquet file only `columns`.

    A JSON line of more than `max_bytes` is a BadRow. A file that is damaged is logged and ends with a BadRow.
    Raises CorruptData if the table lacks one of `columns`, which JSON lines show by their first row.
    """
    if path.suffix == ".parquet":
        yield from _parquet_rows(path, columns)
    else:
        yield from _json_rows(path, columns, max_bytes=max_bytes)


def _parquet_rows(path: Path, columns: Sequence[str]) -> Iterator[Row | BadRow]:
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path, pre_buffer=False) as file:
            _check_columns(path, columns, found=file.schema_arrow.names)
            for batch in file.iter_batches(batch_size=_BATCH_ROWS, columns=list(columns)):
                values = [_values(batch.column(name)) for name in columns]
                yield from (dict(zip(columns, row, strict=True)) for row in zip(*values, strict=True))
    except (pyarrow.ArrowException, OSError) as error:
        yield _bad_file(path, error)


def _values(column: Any) -> list[Any]:
    """Return a column's values; as bytes where a string is not UTF-8, which arrow does not check."""
    try:
        values: list[Any] = column.to_pylist()
    except UnicodeDecodeError:
        import pyarrow

        values = column.cast(pyarrow.large_binary()).to_pylist()
    return values


def _json_rows(path: Path, columns: Sequence[str], *, max_bytes: int) -> Iterator[Row | BadRow]:
    is_checked = False
    for line in _lines(path, max_bytes):
        row = line if isinstance(line, BadRow) else _decoded(line)
        if isinstance(row, dict) and not is_checked:
            _check_columns(path, columns, found=list(row))
            is_checked = True
        yield row


def _lines(path: Path, max_bytes: int) -> Iterator[bytes | BadRow]:
    """Yield the lines that are not blank, none of more than `max_bytes`."""
    try:
        with _opened(path) as file:
            while line := file.readline(max_bytes + 1):
                if len(line) > max_bytes:
                    while line and not line.endswith(b"\n"):
                        line = file.readline(max_bytes + 1)
                    yield BadRow("too_large")
                elif not line.isspace():
                    yield line
    except (CorruptData, OSError, EOFError, zlib.error) as error:
        yield _bad_file(path, error)


def _opened(path: Path) -> AbstractContextManager[IO[bytes]]:
    return cast("IO[bytes]", gzip.open(path)) if path.suffix == ".gz" else jsonl.opened(path)


def _decoded(line: bytes) -> Row | BadRow:
    try:
        text = line.decode("utf-8-sig")
    except UnicodeDecodeError:
        return BadRow("encoding")
    try:
        row = _parsed(text)
    except (ValueError, RecursionError):
        return BadRow("bad_row")
    return row if isinstance(row, dict) else BadRow("bad_row")


def _parsed(text: str) -> Any:
    """Parse JSON; the slower parser accepts what msgspec does not: NaN and lone surrogates."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return _mended(json.loads(text))


def _mended(value: Any) -> Any:
    """Return a JSON value with U+FFFD for lone surrogates, which no UTF-8 file can hold."""
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_mended(item) for item in value]
    return {key: _mended(item) for key, item in value.items()} if isinstance(value, dict) else value


def _check_columns(path: Path, columns: Sequence[str], *, found: Sequence[str]) -> None:
    for name in columns:
        if name not in found:
            raise CorruptData(
                f"{path} has no column {name!r}, but {', '.join(found)}; name the right ones in sample.corpora"
            )


def _bad_file(path: Path, error: Exception) -> BadRow:
    logger.warning("%s is damaged, the rest of it is left out: %s", path, error)
    return BadRow("bad_file")
