"""Read the finished parts of a stage: JSON lines, plain or zstd; any damage is an error."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TypeVar, cast

import msgspec

from magicoder_gen.errors import CorruptData

Line = TypeVar("Line")
_REMEDY = "restore it, or delete its folder and run its stage again"


def read(path: Path, line_type: type[Line]) -> Iterator[Line]:
    """Yield the lines of `path` in order, lazily; raise CorruptData with file and line number."""
    decoder = msgspec.json.Decoder(line_type)
    with opened(path) as file:
        for number, line in enumerate(file, start=1):
            yield _decoded(line, decoder, path, number)


def read_parts(folder: Path, line_type: type[Line]) -> Iterator[Line]:
    """Yield the lines of all parts of `folder` in the order of their numbers."""
    for path in parts(folder):
        yield from read(path, line_type)


def pick(folder: Path, line_type: type[Line], numbers: Iterable[int]) -> Iterator[Line]:
    """Yield the lines of those numbers, which never fall and count from 0 over all parts; others are not decoded."""
    decoder = msgspec.json.Decoder(line_type)
    wanted = iter(numbers)
    goal = next(wanted, None)
    begin = 0
    for path in parts(folder) if goal is not None else ():
        with opened(path) as file:
            number = begin
            for number, line in enumerate(file, start=begin + 1):
                while number - 1 == goal:
                    yield _decoded(line, decoder, path, number - begin)
                    goal = next(wanted, None)
                    if goal is None:
                        return
            begin = number


def _decoded(line: bytes, decoder: "msgspec.json.Decoder[Line]", path: Path, number: int) -> Line:
    if not line.endswith(b"\n"):
        raise CorruptData(f"{path}:{number}: the last line has no end; {_REMEDY}")
    try:
        return decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CorruptData(f"{path}:{number}: {error}; {_REMEDY}") from error


def parts(folder: Path) -> list[Path]:
    """Return the finished parts of `folder`, in order; none if it does not exist."""
    return sorted([*folder.glob("part-?????.jsonl"), *folder.glob("part-?????.jsonl.zst")])


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open `path` for reading bytes, decompressing .zst."""
    if path.suffix != ".zst":
        with path.open("rb") as plain:
            yield plain
        return
    import io

    import pyarrow

    try:
        with pyarrow.CompressedInputStream(pyarrow.OSFile(str(path)), "zstd") as stream:
            yield cast("BinaryIO", io.BufferedReader(cast("io.RawIOBase", stream), buffer_size=1 << 20))
    except pyarrow.ArrowException as error:
        raise CorruptData(f"{path}: {error}; restore the file or run its stage again") from error
    except OSError as error:
        raise CorruptData(f"{path}: {error}; restore the file or run its stage again") from error
