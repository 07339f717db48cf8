"""Rows of a JSON-lines file as documents, a line in memory."""

import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, BinaryIO

import msgspec

from magicoder_gen.records import Document, Skipped
from magicoder_gen.sample.corpora.columns import Columns, as_word
from magicoder_gen.sample.corpora.table_files import TableFile, opened

Row = dict[str, Any]
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_SURROGATE = re.compile("[\ud800-\udfff]")
_TOLD = {
    "bad_row": "is no JSON object with a text",
    "encoding": "is not UTF-8",
    "no_column": "has no column",
}


def documents(table: TableFile) -> Iterator[Document | Skipped]:
    """Yield a document per line that is not blank, or a Skipped that says why there is none.

    A line of more than `max_bytes` is `too_large` and never held. A file that is one array is one `bad_file`.
    Only the first damaged line of a file is told in detail.
    """
    told = False
    decode = _decoder(table.columns)
    with opened(table.path) as file:
        if _is_array(file.peek(1)):
            yield table.skipped("bad_file", f"{table.path} is one JSON array; write one object per line instead")
            return
        for number, line in _lines(file, table.max_bytes):
            found = line if isinstance(line, str) else decode(line)
            row = _document(table, found) if isinstance(found, dict) else table.skipped(found)
            if isinstance(row, Skipped) and row.reason in _TOLD and not told:
                told = True
                row = msgspec.structs.replace(row, detail=_detail(table, number, line, row.reason))
            yield row


def column_names(table: TableFile) -> list[str] | None:
    """Return the columns of the first row, None if there is none."""
    with opened(table.path) as file:
        if _is_array(file.peek(1)):
            return None
        for _, line in _lines(file, table.max_bytes):
            row = "too_large" if isinstance(line, str) else _parsed(line)
            return list(row) if isinstance(row, dict) else None
    return None


def _is_array(head: bytes) -> bool:
    return head.removeprefix(_BYTE_ORDER_MARK).lstrip().startswith(b"[")


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
    name = columns.language_name()
    language = columns.language_of(as_word(row.get(name)) if name else None)
    return Document(text.encode(), language, locate) if language else Skipped("no_language", locate())


def _detail(table: TableFile, number: int, line: bytes | str, reason: str) -> str:
    found = _parsed(line) if isinstance(line, bytes) and reason == "no_column" else ""
    missing = f" {table.columns.text!r}, but {', '.join(found)}" if isinstance(found, dict) else ""
    return f"{table.path}:{number}: the line {_TOLD[reason]}{missing}; such lines are left out"
