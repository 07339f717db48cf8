"""The journal: intents and outcomes, append-only, durable before they count.

`replies/part-00000.jsonl` and on; each line is a JSON object `{"crc32":"…","record":{…}}` whose checksum covers
the bytes of the record. A torn tail is cut off and kept beside; damage elsewhere stops with CorruptData. What it
says is found by way of `index`, which can always be made anew; what appends to it is `writer`.
"""

import hashlib
import mmap
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar
from zlib import crc32

import msgspec

from magicoder_gen.errors import CorruptData
from magicoder_gen.fingerprint import digest
from magicoder_gen.records import Failure, Intent, Reply
from magicoder_gen.storage import shards
from magicoder_gen.storage.shards import Part

Entry = Intent | Reply | Failure
Decoded = TypeVar("Decoded")

_LINE = re.compile(rb'\{"crc32":"([0-9a-f]{8})","record":(.*)\}\n', re.DOTALL)
_decoder = msgspec.json.Decoder(Entry)


class Place(msgspec.Struct, frozen=True, order=True):
    """Where a line begins: the number of its part, and the offset in bytes."""

    part: int
    offset: int


def exists(folder: Path) -> bool:
    """Whether anything was journaled."""
    return any(path.stat().st_size for path in part_paths(folder))


def part_paths(folder: Path) -> list[Path]:
    """Return the parts in their order."""
    return sorted(folder.glob("part-?????.jsonl"))


def part_path(folder: Path, number: int) -> Path:
    """Return the path of a part."""
    return folder / f"part-{number:05d}.jsonl"


def part_number(path: Path) -> int:
    """Return the number of a part."""
    return int(path.stem.removeprefix("part-"))


def entries(folder: Path, start: Place | None = None) -> Iterator[tuple[Entry, Place, int]]:
    """Yield what is journaled from `start` on: entry, place, bytes. A torn tail is passed over; raises CorruptData."""
    return decoded(folder, _decoder, start=start)


def decoded(
    folder: Path, decoder: msgspec.json.Decoder[Decoded], *, start: Place | None = None
) -> Iterator[tuple[Decoded, Place, int]]:
    """Yield what `entries` does, read by `decoder`, which may want less of an entry."""
    start = start or Place(0, 0)
    paths = [path for path in part_paths(folder) if part_number(path) >= start.part]
    for path in paths:
        number = part_number(path)
        offset = start.offset if number == start.part else 0
        with path.open("rb") as file:
            file.seek(offset)
            for line in file:
                if not line.endswith(b"\n") and path == paths[-1]:
                    return
                yield _decoded(line, path, offset, decoder=decoder), Place(number, offset), len(line)
                offset += len(line)


def replies(folder: Path, places: Iterable[Place]) -> Iterator[Reply]:
    """Yield the replies at `places`, in that order, lazily; raise CorruptData with file and byte offset."""
    files = {part_number(path): path.open("rb") for path in part_paths(folder)}
    try:
        for place in places:
            file = files[place.part]
            file.seek(place.offset)
            reply = _decoded(file.readline(), part_path(folder, place.part), place.offset, decoder=_decoder)
            assert isinstance(reply, Reply)
            yield reply
    finally:
        for file in files.values():
            file.close()


def content_digest(folder: Path) -> str:
    """Identify this journal: its bytes, and with them the order and the moments of what came back."""
    return digest([[path.name, shards.sha256_of(path)] for path in part_paths(folder)])


def parts(folder: Path) -> list[Part]:
    """Describe the files of a finished journal; lines are counted, intents too."""
    return [_described(path) for path in part_paths(folder)]


def encoded(entry: Entry) -> bytes:
    """Return the line of an entry."""
    record = msgspec.json.encode(entry)
    return b'{"crc32":"%08x","record":%b}\n' % (crc32(record), record)


def cut_torn_tail(path: Path) -> None:
    """Move the bytes behind the last line end into a file beside the journal."""
    if path.stat().st_size == 0:
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        good = content.rfind(b"\n") + 1
        torn = content[good:]
    if torn:
        path.with_name(f"torn-{path.stem}-{good}.bin").write_bytes(torn)
        os.truncate(path, good)


def _decoded(line: bytes, path: Path, offset: int, *, decoder: msgspec.json.Decoder[Decoded]) -> Decoded:
    match = _LINE.fullmatch(line)
    if match and crc32(match[2]) == int(match[1], 16):
        try:
            entry = decoder.decode(match[2])
        except msgspec.DecodeError:
            pass
        else:
            return entry
    raise CorruptData(
        f"{path}, byte {offset}: the journal is damaged here; restore the file from a copy, "
        "or move it away to pay for its answers again"
    )


def _described(path: Path) -> Part:
    lines, size, sha256 = 0, 0, hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while piece := file.read(1 << 20):
            lines += piece.count(b"\n")
            size += len(piece)
            sha256.update(piece)
    return Part(path.name, lines, size, sha256.hexdigest())
