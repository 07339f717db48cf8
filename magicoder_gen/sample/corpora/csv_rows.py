"""Rows of a CSV file as documents: a header line; double quotes around values with line ends, commas and quotes."""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

from magicoder_gen.sample.corpora import arrow_rows, parquet
from magicoder_gen.sample.corpora.columns import Columns
from magicoder_gen.sample.corpora.table_files import TableFile, UntilTear, opened
from magicoder_gen.sample.protocols import Document, Skipped

# A row must fit into a block, of which arrow reads some 30 ahead. So blocks are small, and a file with larger rows is
# read again with larger ones, without the rows that do not even fit into these.
_BLOCK_BYTES = 1 << 18
_LARGE_BLOCK_BYTES = 1 << 24
_STEP_BYTES = 1 << 20
_QUOTE = re.compile(b'"')
_OPENING_OR_END = re.compile(b',"|[\n\r]')
_HEADER_BYTES = 1 << 16
# Arrow fails on refused rows that are not UTF-8. So their bytes become this noncharacter, which no text holds.
_NO_UTF8 = "\uffff"


class _Utf8(UntilTear):
    """A stream in which each sequence of bytes that is not UTF-8 is marked."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__(stream)
        codecs.register_error("magicoder_gen.mark", lambda error: (_NO_UTF8, getattr(error, "end", 0)))
        self._decoder = codecs.getincrementaldecoder("utf-8")("magicoder_gen.mark")
        self._rest = b""

    def read(self, size: int) -> bytes:
        """Return the next `size` bytes, fewer at the end or before the tear."""
        if len(self._rest) < size:
            found = super().read(size)
            self._rest += self._decoder.decode(found, final=len(found) < size).encode()
        part, self._rest = self._rest[:size], self._rest[size:]
        return part


class _Fitting(_Utf8):
    """A stream without the rows that do not fit into a large block, and without what a quote that never ends swallows.

    A line end outside of quotes ends a row; a quote opens where a value begins, and one in it is doubled (RFC 4180).
    """

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__(stream)
        self.dropped = 0  # rows
        self.swallowed = 0  # bytes
        self._ready = bytearray()  # whole rows
        self._row = bytearray()  # the beginning of the next, nothing once it does not fit
        self._row_bytes = 0
        self._is_quoted = False
        self._may_open = True  # whether a quote would open a value, or be the second of two

    def read(self, size: int) -> bytes:
        """Return the next `size` bytes, fewer at the end or before the tear."""
        while len(self._ready) < size and (found := super().read(_STEP_BYTES)):
            self._take(found)
        if len(self._ready) < size:
            self._end()
        part = bytes(self._ready[:size])
        del self._ready[:size]
        return part

    def _take(self, found: bytes) -> None:
        first = 0
        while first < len(found):
            stop, mark = self._next(found, first)
            self._row_bytes += stop - first
            if self._row_bytes <= _LARGE_BLOCK_BYTES:
                self._row += found[first:stop]
            else:
                self._row.clear()
            self._may_open = mark in {b'"', b"\n", b"\r"} if mark else found.endswith(b",")
            if mark.endswith(b'"'):
                self._is_quoted = not self._is_quoted
            elif mark:
                self._end()
            first = stop

    def _next(self, found: bytes, first: int) -> tuple[int, bytes]:
        """Return where the next quote or line end that matters ends, and that; the end and nothing if there is none."""
        if not self._is_quoted and self._may_open and found.startswith(b'"', first):
            return first + 1, b'"'
        mark = (_QUOTE if self._is_quoted else _OPENING_OR_END).search(found, first)
        return (mark.end(), mark[0]) if mark else (len(found), b"")

    def _end(self) -> None:
        """End a row."""
        if self._row_bytes > _LARGE_BLOCK_BYTES and self._is_quoted:
            self.swallowed = self._row_bytes
        elif self._row_bytes > _LARGE_BLOCK_BYTES:
            self.dropped += 1
        self._ready += self._row
        self._row.clear()
        self._row_bytes = 0


class _Piece(NamedTuple):
    """A record batch, None at the end; the rows that arrow refused, and those that did not fit, since the last one."""

    batch: Any
    refused: list[Any]
    too_large: int = 0


def documents(table: TableFile) -> Iterator[Document | Skipped]:
    """Yield the rows in order, some blocks in memory.

    One with too many or too few values is a `bad_row`, a text that is not UTF-8 is `encoding`, a row of more than
    16 MiB is `too_large`. Raises what pyarrow does, or EOFError, where the rest cannot be read: a quote without its
    end, a torn compressed file.
    """
    import pyarrow

    found = column_names(table)
    if found is None:
        return
    if missing := parquet.check(found, table.columns):
        yield parquet.no_column(table.shown, missing, found=found, corpus=table.corpus, count=1)
        return
    done = [0, 0]
    try:
        yield from _undone(table, _Utf8, _BLOCK_BYTES, done=done)
    except pyarrow.ArrowInvalid:
        yield from _undone(table, _Fitting, _LARGE_BLOCK_BYTES, done=done)


def column_names(table: TableFile) -> list[str] | None:
    """Return the header's names, None for an empty file; raise what tore it before the header's end."""
    with opened(table.path) as file:
        stream = UntilTear(file)
        head = stream.read(_HEADER_BYTES).decode("utf-8-sig", "replace")
    if stream.error and "\n" not in head:
        raise stream.error
    try:
        return next(csv.reader(io.StringIO(head, newline="")), None)
    except csv.Error:
        return []


def _undone(
    table: TableFile, stream: type[_Utf8], block_bytes: int, *, done: list[int]
) -> Iterator[Document | Skipped]:
    """Yield all but the first `done` rows, good and refused ones, and count on."""
    good = refused = 0
    for piece in _pieces(table, stream, block_bytes):
        if piece.batch is not None:
            rest = piece.batch.slice(max(done[0] - good, 0))
            yield from _rows(table, rest, is_first=good == 0)
            good += piece.batch.num_rows
            done[0] = max(done[0], good)
        for row in piece.refused:
            refused += 1
            if refused > done[1]:
                done[1] = refused
                yield table.skipped("bad_row", _detail(table, row) if refused == 1 else None)
        if piece.too_large:
            yield table.skipped("too_large", count=piece.too_large)


def _rows(table: TableFile, batch: Any, *, is_first: bool) -> Iterator[Document | Skipped]:
    mark = _NO_UTF8.encode()
    for row in arrow_rows.documents(
        batch, columns=table.columns, corpus=table.corpus, max_bytes=table.max_bytes, is_first=is_first
    ):
        yield Skipped("encoding", row.locate()) if isinstance(row, Document) and mark in row.content else row


def _pieces(table: TableFile, kind: type[_Utf8], block_bytes: int) -> Iterator[_Piece]:
    """Yield what arrow reads, without the last row of a torn file, which may lack its end; raise what tore it."""
    import pyarrow

    refused: list[Any] = []
    told = rows = 0
    last = None
    failure: Exception | None = None
    with opened(table.path) as file:
        stream = kind(file)
        try:
            with _reader(stream, table.columns, block_bytes=block_bytes, refused=refused) as reader:
                for batch in reader:
                    if last is not None:
                        yield _Piece(last, refused[told : (told := len(refused))])
                    last = batch
                    rows += batch.num_rows
        except pyarrow.ArrowInvalid as error:
            failure = error
    if stream.error:
        failure = stream.error
        if refused and refused[-1].number == rows + len(refused) + 1:
            refused.pop()
        elif last is not None:
            last = last.slice(0, last.num_rows - 1)
    dropped, swallowed = (stream.dropped, stream.swallowed) if isinstance(stream, _Fitting) else (0, 0)
    yield _Piece(last, refused[told:], dropped)
    if swallowed:
        raise EOFError(f"{swallowed} bytes behind a quote that is not closed")
    if failure:
        raise failure


def _reader(stream: UntilTear, columns: Columns, *, block_bytes: int, refused: list[Any]) -> Any:
    import pyarrow
    import pyarrow.csv

    def refuse(row: Any) -> str:
        refused.append(row._replace(text=""))
        return "skip"

    names = columns.names()
    return pyarrow.csv.open_csv(
        stream,
        read_options=pyarrow.csv.ReadOptions(use_threads=False, block_size=block_bytes),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True, invalid_row_handler=refuse),
        convert_options=pyarrow.csv.ConvertOptions(
            include_columns=names, column_types=dict.fromkeys(names, pyarrow.binary())
        ),
    )


def _detail(table: TableFile, row: Any) -> str:
    where = "a row" if row.number is None else f"row {row.number}"
    return (
        f"{table.shown}: {where} has {row.actual_columns} values instead of {row.expected_columns}; "
        "such rows are left out"
    )
