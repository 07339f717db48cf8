"""A parquet file on the hub: its footer and single row groups, by as few ranges of bytes as possible."""

import io
import threading
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from magicoder_gen.errors import CorpusUnreachable
from magicoder_gen.records import Record
from magicoder_gen.sample.corpora import faults
from magicoder_gen.sample.corpora.hub_answers import Missing
from magicoder_gen.sample.corpora.hub_requests import Repository

_TAIL = 1 << 16  # bytes; holds the footer of some 100 row groups of 5 columns, one more request gets a larger one
_MAX_FOOTER = 1 << 28  # bytes; more is a damaged length
_GAP = 1 << 16  # bytes that cost less to fetch than another request
_MAGIC = b"PAR1"


class Damaged(Exception):  # becomes a Skipped with its reason
    """The file is there but is no readable parquet file."""


class RemoteFile(Record, frozen=True):
    """A file of `size` bytes at a commit of a dataset."""

    repository: Repository
    commit: str
    path: str
    size: int

    @property
    def title(self) -> str:
        """What messages call it."""
        return f"{self.repository.name}/{self.path}"

    def part(self, first: int, stop: int, *, ended: threading.Event | None = None) -> bytes:
        """Return the bytes `first` to `stop` (exclusive); raise Missing if the file is gone."""
        return self.repository.part(self.commit, self.path, (first, stop), ended=ended)

    def metadata(self, *, ended: threading.Event | None = None) -> Any:
        """Return the footer as a `pyarrow.parquet.FileMetaData`, by one or two requests; raise Damaged or Missing.

        Once `ended` is set, a busy hub is not waited for.
        """
        import pyarrow
        import pyarrow.parquet

        try:
            return pyarrow.parquet.read_metadata(pyarrow.BufferReader(_MAGIC + self._footer(ended)))
        except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
            raise Damaged(f"its footer cannot be read: {faults.one_line(error)}") from error

    def row_group(self, number: int, columns: Sequence[str]) -> Any:
        """Return a `pyarrow.parquet.ParquetFile` that has these columns of one row group at hand."""
        import pyarrow.parquet

        metadata = _cached_metadata(self)
        spans = merged(column_spans(metadata, number, columns))
        if any(first < len(_MAGIC) or stop > self.size for first, stop in spans):
            raise Damaged(f"row group {number} does not lie in the file")
        parts = [(first, self.part(first, stop)) for first, stop in spans]
        return pyarrow.parquet.ParquetFile(_Parts(self, parts), metadata=metadata, pre_buffer=False)

    def _footer(self, ended: threading.Event | None) -> bytes:
        """Return the file's end from the footer on: metadata, its length in 4 bytes, the magic number."""
        if self.size <= 3 * len(_MAGIC):
            raise Damaged(f"it has {self.size} bytes")
        tail = self.part(max(0, self.size - _TAIL), self.size, ended=ended)
        if not tail.endswith(_MAGIC):
            raise Damaged("it does not end as a parquet file does")
        length = int.from_bytes(tail[-8:-4], "little") + 8
        if length > min(self.size - len(_MAGIC), _MAX_FOOTER):
            raise Damaged(f"its footer says that it has {length} bytes")
        if length > len(tail):
            tail = self.part(self.size - length, self.size - len(tail), ended=ended) + tail
        return tail[-length:]


@lru_cache(maxsize=1)
def _cached_metadata(file: RemoteFile) -> Any:
    """Return the file's metadata; kept while a process reads row groups of one file after another."""
    return file.metadata()


def column_names(metadata: Any) -> list[str]:
    """Return the names of a file's columns; raise Damaged if arrow knows no such schema."""
    import pyarrow

    try:
        names: list[str] = metadata.schema.to_arrow_schema().names
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        raise Damaged(f"its schema cannot be read: {faults.one_line(error)}") from error
    return names


def column_spans(metadata: Any, number: int, columns: Iterable[str]) -> list[tuple[int, int]]:
    """Return where a row group's chunks of `columns` are: first byte, and the one behind the last."""
    row_group = metadata.row_group(number)
    if row_group.num_columns != metadata.num_columns:
        raise Damaged(f"row group {number} has not the columns of the schema")
    wanted = tuple(columns)
    leaves = [index for index in range(metadata.num_columns) if _is_of(metadata.schema.column(index).path, wanted)]
    return [_span(row_group.column(index)) for index in leaves]


def merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the spans in order, neighbours joined where the gap costs less than a request."""
    joined: list[tuple[int, int]] = []
    for first, stop in sorted(span for span in spans if span[0] < span[1]):
        if joined and first - joined[-1][1] <= _GAP:
            joined[-1] = (joined[-1][0], max(stop, joined[-1][1]))
        else:
            joined.append((first, stop))
    return joined


def _span(chunk: Any) -> tuple[int, int]:
    first = min(filter(None, (chunk.dictionary_page_offset, chunk.data_page_offset)), default=0)
    return first, first + max(chunk.total_compressed_size, 0)


def _is_of(path: str, columns: tuple[str, ...]) -> bool:
    """Whether a leaf of the schema belongs to one of the columns; a list's is `name.list.element`."""
    return any(path == name or path.startswith(f"{name}.") for name in columns)


class _Parts(io.RawIOBase):
    """A remote file of which `parts` (first byte, content) are at hand; any other is fetched when it is read."""

    def __init__(self, file: RemoteFile, parts: list[tuple[int, bytes]]) -> None:
        super().__init__()
        self._file = file
        self._parts = parts
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._file.size}[whence]
        return self._at

    def read(self, size: int = -1) -> bytes:
        """Return `size` bytes, fewer at the end of the file."""
        first, stop = self._at, self._file.size if size < 0 else min(self._at + size, self._file.size)
        content = self._content(first, stop) if first < stop else b""
        self._at += len(content)
        return content

    def _content(self, first: int, stop: int) -> bytes:
        for start, part in self._parts:
            if start <= first and stop <= start + len(part):
                return part[first - start : stop - start]
        try:
            return self._file.part(first, stop)
        except Missing as error:
            raise CorpusUnreachable(
                f"{self._file.title} vanished while it was read; run the same command again"
            ) from error
