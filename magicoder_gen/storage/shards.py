"""Write records as numbered parts of at most N bytes, each atomically, in order."""

import hashlib
import os
import secrets
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from glob import escape
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, Literal, Protocol, Self

import msgspec

from magicoder_gen.errors import creating, writing
from magicoder_gen.records import Options, Record

_ABANDONED = 3600  # seconds after which a file half written is nobody's any more; a write takes some


class Layout(Options, frozen=True):
    """How a stage's parts are written: bytes of JSON per part before compression, and the compression."""

    shard_bytes: Annotated[int, msgspec.Meta(ge=1)] = 256 * 1024 * 1024
    compression: Literal["zstd"] | None = None


class Part(Record, frozen=True):
    """A finished file: its name, records, size in bytes and SHA-256."""

    name: str
    records: int
    bytes: int
    sha256: str


class OpenPart(Protocol):
    """A part that is being written, under its temporary name; `size` is in bytes of JSON."""

    size: int

    def append(self, record: Any, size: int) -> None:
        """Add a record that is `size` bytes of JSON."""
        ...

    def publish(self) -> Part:
        """Give the part its name, durably."""
        ...

    def discard(self) -> None:
        """Leave nothing of it."""
        ...


class PartWriter:
    """Writes numbered parts into `folder`, each whole or not at all; `opened` begins the part of that number.

    A part holds at most `shard_bytes` of JSON, or one record. After the block, `parts` lists what was written; where
    nothing was, there is no part. If the block raises, the part being written is dropped.
    """

    def __init__(self, folder: Path, shard_bytes: int, opened: Callable[[int], OpenPart]) -> None:
        self.parts: list[Part] = []
        self._folder = folder
        self._shard_bytes = shard_bytes
        self._opened = opened
        self._part: OpenPart | None = None

    def __enter__(self) -> Self:
        with creating(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
        return self

    def append(self, record: Any, size: int) -> None:
        """Append a record of `size` bytes; begins a new part when this one would grow over the limit."""
        if self._part and self._part.size + size > self._shard_bytes:
            self._finish()
        if self._part is None:
            self._part = self._opened(len(self.parts))
        self._part.append(record, size)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._finish()
        elif self._part:
            self._part.discard()

    def _finish(self) -> None:
        if self._part:
            self.parts.append(self._part.publish())
            self._part = None


class ShardWriter(PartWriter):
    """Writes records as `folder`/part-00000.jsonl, part-00001.jsonl, …; those of an earlier writing are removed."""

    def __init__(self, folder: Path, layout: Layout) -> None:
        suffix = ".jsonl.zst" if layout.compression == "zstd" else ".jsonl"
        super().__init__(folder, layout.shard_bytes, lambda number: LinePart(folder / f"part-{number:05d}{suffix}"))
        self._encoder = msgspec.json.Encoder()

    def __enter__(self) -> Self:
        super().__enter__()
        with creating(self._folder):
            for stale in self._folder.glob("part-*"):
                stale.unlink()
        return self

    def write(self, record: Any) -> None:
        """Append one record."""
        self.write_line(self._encoder.encode(record) + b"\n")

    def write_line(self, line: bytes) -> None:
        """Append a record that is encoded already; the newline is part of it."""
        self.append(line, len(line))


class LinePart:
    """A part of lines under its temporary name, until it is published or discarded."""

    def __init__(self, path: Path) -> None:
        self.size = 0
        self._path = path
        self._records = 0
        self._temporary = path.with_name(path.name + ".tmp")
        with creating(path):
            self._raw = self._temporary.open("wb")
            self._sink = _compressed(self._raw) if path.suffix == ".zst" else self._raw

    def append(self, record: bytes, size: int) -> None:
        """Write a record, which counts as so many bytes."""
        with writing(self._path):
            self._sink.write(record)
        self.size += size
        self._records += 1

    def publish(self) -> Part:
        """Give the part its name, durably; return what it is."""
        with writing(self._path):
            if self._sink is not self._raw:
                self._sink.close()
            self._raw.flush()
            os.fsync(self._raw.fileno())
            self._raw.close()
            rename_durably(self._temporary, self._path)
            size = self._path.stat().st_size
        return Part(self._path.name, self._records, size, sha256_of(self._path))

    def discard(self) -> None:
        """Remove it."""
        with suppress(OSError):  # what could not be written is not wanted any more
            self._raw.close()
        self._temporary.unlink(missing_ok=True)


def _compressed(raw: Any) -> Any:
    import pyarrow

    return pyarrow.CompressedOutputStream(pyarrow.PythonFile(_KeptOpen(raw), mode="w"), "zstd")


class _KeptOpen:
    """Passes writes through, but leaves closing to the owner, who still has to fsync."""

    closed = False

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    def write(self, chunk: bytes) -> int:
        return int(self._raw.write(chunk))

    def flush(self) -> None:
        self._raw.flush()

    def close(self) -> None:
        self.closed = True


def write_parts(folder: Path, records: Iterable[Any], layout: Layout) -> list[Part]:
    """Write all of `records` as the parts of `folder`; return them."""
    with ShardWriter(folder, layout) as shards:
        for record in records:
            shards.write(record)
    return shards.parts


def write_file(path: Path, content: bytes) -> None:
    """Replace `path` atomically and durably: temporary file, fsync, rename, fsync of the folder.

    The temporary name is this call's own, so several may replace one file at once: the last wins. Where writing fails,
    nothing of it is left behind; what a killed process left is removed an hour later, by whoever writes that file.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    with creating(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = temporary.open("xb")
    try:
        with writing(path), file:  # closing writes too
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with writing(path):
            rename_durably(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _remove_abandoned(path)


def _remove_abandoned(path: Path) -> None:
    """Remove what killed processes left of `path`; another machine may write it too, so age tells and no process id."""
    for left in path.parent.glob(f".{escape(path.name)}.*tmp"):
        with suppress(OSError):  # somebody else has just removed it, or it is not ours to remove
            if time.time() - left.stat().st_mtime > _ABANDONED:
                left.unlink()


def rename_durably(source: Path, target: Path) -> None:
    """Rename and fsync the folder, so that the new name survives a power cut."""
    source.replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def sha256_of(path: Path) -> str:
    """Return the hex SHA-256 of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
