"""Rows of a CSV file as documents: a header line; double quotes around values with line ends, commas and quotes."""

import codecs
import csv
import io
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

from magicoder_gen.records import Document, Skipped
from magicoder_gen.sample.corpora import arrow_rows, parquet
from magicoder_gen.sample.corpora.columns import Columns
from magicoder_gen.sample.corpora.table_files import TableFile, UntilTear, opened

# A row must fit into a block, of which arrow reads some 30 ahead. So blocks are small, and a file with larger rows is
# read again with larger ones.
_BLOCK_BYTES = (1 << 18, 1 << 24)
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


class _Piece(NamedTuple):
    """A record batch, None at the end, and the rows that arrow refused since the last one."""

    batch: Any
    refused: list[Any]


def documents(table: TableFile) -> Iterator[Document | Skipped]:
    """Yield the rows in order, some blocks in memory.

    One with too many or too few values is a `bad_row`, a text that is not UTF-8 is `encoding`.
    Raises what pyarrow does where the rest cannot be read: a row of more than 16 MiB, a torn compressed file.
    """
    import pyarrow

    found = column_names(table)
    if found is None:
        return
    if missing := parquet.check(found, table.columns):
        yield parquet.no_column(str(table.path), missing, found=found, corpus=table.corpus, count=1)
        return
    done = [0, 0]
    try:
        yield from _undone(table, _BLOCK_BYTES[0], done)
    except pyarrow.ArrowInvalid:
        yield from _undone(table, _BLOCK_BYTES[1], done)


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


def _undone(table: TableFile, block_bytes: int, done: list[int]) -> Iterator[Document | Skipped]:
    """Yield all but the first `done` rows, good and refused ones, and count on."""
    good = refused = 0
    for piece in _pieces(table, block_bytes):
        if piece.batch is not None:
            rest = piece.batch.slice(max(done[0] - good, 0))
            yield from _rows(table, rest)
            good += piece.batch.num_rows
            done[0] = max(done[0], good)
        for row in piece.refused:
            refused += 1
            if refused > done[1]:
                done[1] = refused
                yield table.skipped("bad_row", _detail(table, row) if refused == 1 else None)


def _rows(table: TableFile, batch: Any) -> Iterator[Document | Skipped]:
    mark = _NO_UTF8.encode()
    for row in arrow_rows.documents(batch, columns=table.columns, corpus=table.corpus, max_bytes=table.max_bytes):
        yield Skipped("encoding", row.locate()) if isinstance(row, Document) and mark in row.content else row


def _pieces(table: TableFile, block_bytes: int) -> Iterator[_Piece]:
    """Yield what arrow reads, without the last row of a torn file, which may lack its end; raise what tore it."""
    import pyarrow

    refused: list[Any] = []
    told = rows = 0
    last = None
    failure: Exception | None = None
    with opened(table.path) as file:
        stream = _Utf8(file)
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
    yield _Piece(last, refused[told:])
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
        f"{table.path}: {where} has {row.actual_columns} values instead of {row.expected_columns}; "
        "such rows are left out"
    )
