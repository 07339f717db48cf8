"""A file that holds a table: what to read of it, its bytes as a stream, and what is said when it is damaged."""

import gzip
import io
import os
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import Any, BinaryIO, cast

from magicoder_gen.records import Origin, Record
from magicoder_gen.sample.corpora import faults
from magicoder_gen.sample.corpora.columns import Columns
from magicoder_gen.sample.protocols import Skipped

_STEP_BYTES = 1 << 16  # what is lost before a tear: at most this and a block of the compressor, 128 KiB in zstd


class TableFile(Record, frozen=True):
    """The file `path`, called `name` on every machine; `max_bytes` is the most that a text may have."""

    path: Path
    name: str
    columns: Columns
    max_bytes: int

    @property
    def shown(self) -> str:
        """The path as messages print it: one line."""
        return faults.shown(self.path)

    @property
    def corpus(self) -> str:
        """What a row's origin calls this file."""
        return f"tables:{self.name}"

    def skipped(self, reason: str, detail: str | None = None, *, count: int = 1) -> Skipped:
        """Return what stands for `count` rows of this file."""
        return Skipped(reason, Origin(self.corpus), count, detail)

    def vanished(self, count: int = 1) -> Skipped:
        """Return what stands for `count` rows of this file if it is no longer there."""
        return self.skipped("vanished", f"{self.shown} is gone since it was listed; its rows are left out", count=count)

    def lost(self, error: Exception, count: int = 1) -> Skipped:
        """Return what stands for the rest of this file, `count` rows; raise TryLater if the machine lacks something.

        What the operating system does not let us read is `unreadable`, what makes no sense a `bad_file`.
        """
        faults.raise_if_exhausted(error, self.shown)
        if isinstance(error, OSError) and error.errno:
            detail = f"{self.shown} cannot be read: {os.strerror(error.errno)}; what it still holds is left out"
            return self.skipped("unreadable", detail, count=count)
        detail = f"{self.shown} is damaged, the rest of it is left out: {faults.one_line(error)}"
        return self.skipped("bad_file", detail, count=count)


def damage() -> tuple[type[Exception], ...]:
    """Return what readers raise when a file is torn or altered, or cannot be opened."""
    import pyarrow

    return (pyarrow.ArrowException, OSError, EOFError, zlib.error)


def arrow_file(path: Path) -> Any:
    """Open `path` as arrow does, which takes names that are not UTF-8 as bytes only, and says why it cannot in words.

    So we ask the operating system first: its error has a number.
    """
    import pyarrow

    path.open("rb").close()
    return pyarrow.OSFile(os.fsencode(path))


@contextmanager
def opened(path: Path) -> Iterator[io.BufferedReader]:
    """Open `path` for reading bytes, decompressing .gz and .zst; concatenated ones to the end of the last."""
    if path.suffix == ".gz":
        with gzip.open(path) as stream:
            yield cast("io.BufferedReader", stream)
    elif path.suffix == ".zst":
        import pyarrow

        with arrow_file(path) as file, pyarrow.CompressedInputStream(file, "zstd") as raw:
            yield io.BufferedReader(cast("io.RawIOBase", raw), buffer_size=_STEP_BYTES)
    else:
        with path.open("rb") as stream:
            yield stream


class UntilTear:
    """A stream that ends where its file is torn; `error` then says how."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = cast("io.BufferedReader", stream)
        self.closed = False
        self.error: Exception | None = None

    def read(self, size: int) -> bytes:
        """Return the next `size` bytes, fewer at the end or before the tear."""
        parts = []
        try:
            while size > 0 and (part := self._stream.read1(min(size, _STEP_BYTES))):
                parts.append(part)
                size -= len(part)
        except damage() as error:
            self.error = error
        return b"".join(parts)

    def close(self) -> None:
        """Leave the stream to whoever opened it."""
        self.closed = True


def names(paths: Sequence[Path]) -> list[str]:
    """Return a name for each of `paths`, absolute and all different, that does not tell where they lie.

    The file's own name; where two would share it, with as many folders before it, "/" between, as tell all apart.
    """
    if not paths:
        return []
    common = os.path.commonpath([path.parent for path in paths])
    parts = [PurePath(_unicode(path.relative_to(common))).parts for path in paths]
    depth = 1
    while len({part[-depth:] for part in parts}) < len(parts):
        depth += 1
    return ["/".join(part[-depth:]) for part in parts]


def _unicode(path: PurePath) -> str:
    """Return `path` with what is not UTF-8 written as hexadecimal, for JSON cannot hold it."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
