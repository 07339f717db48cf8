"""Rows of a JSON-lines file as documents, a line in memory; or of a file that is one array, if it is not large."""

import io
import json
import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, BinaryIO

import msgspec

from magicoder_gen.sample.corpora import faults
from magicoder_gen.sample.corpora.columns import Columns, as_word
from magicoder_gen.sample.corpora.table_files import TableFile, opened
from magicoder_gen.sample.protocols import Document, Skipped

Row = dict[str, Any]
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_SURROGATE = re.compile("[\ud800-\udfff]")
_ARRAY_BYTES = 1 << 26  # of an array, which is held whole
_RAW_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])
_DAMAGE = {
    "bad_row": "is no JSON object with a text",
    "encoding": "is not UTF-8",
    "no_column": "has no column",
}


class _BadArray(OSError):
    """A file that begins as an array cannot be read as one."""


def documents(table: TableFile) -> Iterator[Document | Skipped]:
    """Yield a document per line that is not blank, or per item of an array, or a Skipped that says why there is none.

    A line of more than `max_bytes` is `too_large` and never held. Only the first damaged one of a file is told in
    detail, and an unknown language only if no known one comes before it. Raises OSError for a large or broken array.
    """
    decode = _decoder(table.columns)
    told: set[str] = set()
    with opened(table.path) as file:
        unit, lines = _rows(file, table.max_bytes)
        for number, line in lines:
            found = line if isinstance(line, str) else decode(line)
            row = _document(table, found) if isinstance(found, dict) else table.skipped(found)
            topic = _topic(row)
            if topic not in told:
                told.add(topic)
                row = _detailed(table, row, line, where=f"{table.shown}:{number}: the {unit}")
            yield row


def column_names(table: TableFile) -> list[str] | None:
    """Return the columns of the first row, None if there is none."""
    with opened(table.path) as file:
        for _, line in _rows(file, table.max_bytes)[1]:
            row = "too_large" if isinstance(line, str) else _parsed(line)
            return list(row) if isinstance(row, dict) else None
    return None


def _rows(file: io.BufferedReader, max_bytes: int) -> tuple[str, Iterable[tuple[int, bytes | str]]]:
    """Return what a row is called, and the rows, each with its number, as they stand there or why they are not held."""
    if not file.peek(1).removeprefix(_BYTE_ORDER_MARK).lstrip().startswith(b"["):
        return "line", _lines(file, max_bytes)
    return "item", ((number, item if len(item) <= max_bytes else "too_large") for number, item in _array(file))


def _array(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    content = file.read(_ARRAY_BYTES + 1).removeprefix(_BYTE_ORDER_MARK)
    if len(content) > _ARRAY_BYTES:
        remedy = "write one object per line instead, as `jq -c '.[]'` does"
        raise _BadArray(f"it is one JSON array of more than {_ARRAY_BYTES >> 20} MiB; {remedy}")
    try:
        items = [bytes(item) for item in _RAW_ITEMS.decode(content)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        items = _slowly(content)
    yield from enumerate(items, start=1)


def _slowly(content: bytes) -> list[bytes]:
    """Return the items of an array with the slower parser, as `_parsed`."""
    try:
        found = json.loads(content.decode(errors="replace"))
    except (ValueError, RecursionError) as error:
        raise _BadArray(f"it begins as a JSON array but is none: {error}") from error
    return [json.dumps(item).encode() for item in found]


def _lines(file: BinaryIO, max_bytes: int) -> Iterator[tuple[int, bytes | str]]:
    """Yield the number of each line that is not blank, and the line, or why it is not held."""
    number = 0
    while line := file.readline(max_bytes + 1):
        number += 1
        if len(line) > max_bytes:
            while line and not line.endswith(b"\n"):
                line = file.readline(max_bytes + 1)
            yield number, "too_large"
        elif not line.isspace():
            yield number, line


def _decoder(columns: Columns) -> Callable[[bytes], Row | str]:
    """Return a function that gives a line's values of `columns`, or a reason; others are not even built."""
    names = columns.names()
    fields = [(f"column_{index}", Any, msgspec.UNSET) for index in range(len(names))]
    rename = {field[0]: name for field, name in zip(fields, names, strict=True)}
    decoder = msgspec.json.Decoder(msgspec.defstruct("Line", fields, rename=rename))

    def decode(line: bytes) -> Row | str:
        try:
            values = msgspec.structs.astuple(decoder.decode(line))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return _parsed(line)
        return {name: value for name, value in zip(names, values, strict=True) if value is not msgspec.UNSET}

    return decode


def _parsed(line: bytes) -> Row | str:
    """Parse with the slower parser, which takes what msgspec does not: NaN, lone surrogates, a byte order mark."""
    try:
        row = _mended(json.loads(line.decode("utf-8-sig")))
    except UnicodeDecodeError:
        return "encoding"
    except (ValueError, RecursionError):
        return "bad_row"
    return row if isinstance(row, dict) else "bad_row"


def _mended(value: Any) -> Any:
    """Return a JSON value with U+FFFD for lone surrogates, which no UTF-8 file can hold."""
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_mended(item) for item in value]
    return {key: _mended(item) for key, item in value.items()} if isinstance(value, dict) else value


def _document(table: TableFile, row: Row) -> Document | Skipped:
    columns = table.columns
    locate = partial(columns.origin, table.corpus, {name: row.get(name) for name in columns.of_origin().values()})
    text = row.get(columns.text, msgspec.UNSET)
    if not isinstance(text, str):
        reason = "no_column" if text is msgspec.UNSET else "empty" if text is None else "bad_row"
        return Skipped(reason, locate())
    language, reason = columns.language_of(_language_word(columns, row))
    return Document(text.encode(), language, locate) if language else Skipped(reason, locate())


def _language_word(columns: Columns, row: Row) -> str | None:
    name = columns.language_name()
    return as_word(row.get(name)) if name else None


def _topic(row: Document | Skipped) -> str:
    """Return what a row settles: a detail is given once for each topic."""
    if isinstance(row, Document):
        return "unknown_language"
    return "damage" if row.reason in _DAMAGE else row.reason


def _detailed(table: TableFile, row: Document | Skipped, line: bytes | str, *, where: str) -> Document | Skipped:
    """Return a Skipped with what the log says of it, where it says anything."""
    if isinstance(row, Document) or row.reason not in {*_DAMAGE, "unknown_language"}:
        return row
    columns, found = table.columns, {} if isinstance(line, str) else _parsed(line)
    if row.reason == "unknown_language" and isinstance(found, dict):
        return msgspec.structs.replace(row, detail=columns.unknown(_language_word(columns, found) or ""))
    missing = f" {columns.text!r}, but {', '.join(map(faults.shown, found))}" if row.reason == "no_column" else ""
    return msgspec.structs.replace(row, detail=f"{where} {_DAMAGE[row.reason]}{missing}; such rows are left out")
