"""The journal: intents and outcomes, append-only, durable before they count.

`replies/part-00000.jsonl` and on; each line is a JSON object `{"crc32":"…","record":{…}}` whose checksum covers
the bytes of the record. One thread writes; what has queued meanwhile shares one write and one fdatasync
(group commit). A torn tail is cut off and kept beside; damage elsewhere stops with CorruptData.
"""

import asyncio
import bisect
import itertools
import mmap
import os
import queue
import re
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from zlib import crc32

import msgspec

from magicoder_gen.errors import CorruptData, DiskError, MagicoderError, creating
from magicoder_gen.fingerprint import digest
from magicoder_gen.records import Failure, Intent, Reply
from magicoder_gen.storage import shards
from magicoder_gen.storage.shards import Part

Entry = Intent | Reply | Failure

_LINE = re.compile(rb'\{"crc32":"([0-9a-f]{8})","record":(.*)\}\n', re.DOTALL)
_decoder = msgspec.json.Decoder(Entry)


class Place(msgspec.Struct, frozen=True, order=True):
    """Where a reply lies, ordered as the clean stage wants replies: by seed, whatever the order of arrival."""

    index: int
    prompt_id: str
    part: str
    offset: int


class State(msgspec.Struct):
    """What the journal knows: prompt ids by outcome, and what was paid.

    `intents` counts sent requests, repeated ones too; `failed` holds kinds of failures that may be tried again.
    Tokens and `cost` (USD, None where any price is unknown) are summed over replies.
    """

    replied: dict[str, Place] = {}
    failed: dict[str, str] = {}
    refused: dict[str, str] = {}
    open: set[str] = set()
    intents: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = 0.0

    def note(self, entry: Entry, part: str = "", offset: int = 0) -> None:
        """Take one entry into account."""
        if isinstance(entry, Intent):
            self.intents += 1
            self.open.add(entry.prompt_id)
            return
        self.open.discard(entry.prompt_id)
        self.failed.pop(entry.prompt_id, None)
        if isinstance(entry, Reply):
            self.replied[entry.prompt_id] = Place(entry.seed.index, entry.prompt_id, part, offset)
            self._bill(entry)
        elif entry.final:
            self.refused[entry.prompt_id] = entry.kind
        else:
            self.failed[entry.prompt_id] = entry.kind

    def is_done(self, prompt_id: str) -> bool:
        """Whether asking again would be a waste."""
        return prompt_id in self.replied or prompt_id in self.refused

    def _bill(self, reply: Reply) -> None:
        if reply.usage:
            self.input_tokens += reply.usage.input_tokens
            self.output_tokens += reply.usage.output_tokens
        self.cost = None if self.cost is None or reply.cost is None else self.cost + reply.cost


def exists(folder: Path) -> bool:
    """Whether anything was journaled."""
    return any(path.stat().st_size for path in _parts(folder))


def scan(folder: Path) -> State:
    """Read the whole journal; raise CorruptData with file and byte offset. A torn tail is passed over."""
    state = State()
    for part, offset, entry in _entries(folder):
        state.note(entry, part.name, offset)
    return state


def replies(folder: Path, places: Iterable[Place]) -> Iterator[Reply]:
    """Yield the replies at `places`, in that order, lazily."""
    files = {path.name: path.open("rb") for path in _parts(folder)}
    try:
        for place in places:
            file = files[place.part]
            file.seek(place.offset)
            reply = _decoded(file.readline(), folder / place.part, place.offset)
            assert isinstance(reply, Reply)
            yield reply
    finally:
        for file in files.values():
            file.close()


def content_digest(folder: Path) -> str:
    """Identify the journal's content."""
    return digest([[path.name, shards.sha256_of(path)] for path in _parts(folder)])


def parts(folder: Path) -> list[Part]:
    """Describe the files of a finished journal; lines are counted, intents too."""
    return [Part(path.name, _line_count(path), path.stat().st_size, shards.sha256_of(path)) for path in _parts(folder)]


class Journal:
    """The one writer. Entries are durable when their future is done; a failed write fails all that follow."""

    def __init__(self, folder: Path, *, shard_bytes: int) -> None:
        self._folder = folder
        self._shard_bytes = shard_bytes
        self._queue: queue.SimpleQueue[tuple[bytes, Future[None]] | None] = queue.SimpleQueue()
        self._broken: MagicoderError | None = None
        self._thread = threading.Thread(target=self._work, name="journal", daemon=True)
        self._file = -1
        self._good = 0
        self._number = 0

    def __enter__(self) -> Self:
        """Repair a torn tail, open the last part for appending."""
        with creating(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            existing = _parts(self._folder)
            if existing:
                _cut_torn_tail(existing[-1])
            self._open_part(int(existing[-1].stem.removeprefix("part-")) if existing else 0)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what has queued; raise DiskError if that fails."""
        self._queue.put(None)
        self._thread.join()
        if self._file >= 0:
            os.close(self._file)
        if self._broken and error is None:
            raise self._broken

    def put(self, entry: Entry) -> "Future[None]":
        """Queue one entry; raise DiskError at once if an earlier one could not be written."""
        if self._broken:
            raise self._broken
        done: Future[None] = Future()
        self._queue.put((_encoded(entry), done))
        return done

    async def written(self, entry: Entry) -> None:
        """Return when `entry` is durable; it will be, even if the wait is cancelled."""
        await asyncio.shield(asyncio.wrap_future(self.put(entry)))

    def _work(self) -> None:
        while True:
            group, last = self._drain()
            try:
                self._commit([line for line, _ in group])
            except OSError as error:
                self._broken = self._broken or DiskError(
                    f"cannot write {self._folder}: {error.strerror}; nothing more is sent; "
                    "free space and run the same command again"
                )
            for _, done in group:
                if not done.set_running_or_notify_cancel():
                    continue  # nobody waits any more
                if self._broken:
                    done.set_exception(self._broken)
                else:
                    done.set_result(None)
            if last:
                return

    def _drain(self) -> tuple[list[tuple[bytes, "Future[None]"]], bool]:
        """Wait for one entry, then take all that have queued; True if the end was among them."""
        group = []
        item = self._queue.get()
        while item is not None:
            group.append(item)
            if self._queue.empty():
                return group, False
            item = self._queue.get()
        return group, True

    def _commit(self, lines: list[bytes]) -> None:
        """Append and sync; what fits into the part shares one write."""
        if self._broken:
            raise OSError(self._broken.args[0])
        while lines:
            fitting = self._fitting(lines)
            self._append(b"".join(lines[:fitting]))
            lines = lines[fitting:]

    def _fitting(self, lines: list[bytes]) -> int:
        """Return how many lines the part has room for; open a new part if none, and take at least one."""
        sizes = list(itertools.accumulate(map(len, lines), initial=self._good))[1:]
        fitting = bisect.bisect_right(sizes, self._shard_bytes)
        if fitting == 0 and self._good:
            closing, self._file = self._file, -1
            os.close(closing)
            self._open_part(self._number + 1)
            return self._fitting(lines)
        return max(fitting, 1)

    def _append(self, content: bytes) -> None:
        try:
            _write_all(self._file, content)
            os.fdatasync(self._file) if hasattr(os, "fdatasync") else os.fsync(self._file)
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._file, self._good)
            raise
        self._good += len(content)

    def _open_part(self, number: int) -> None:
        path = self._folder / f"part-{number:05d}.jsonl"
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        self._good = os.fstat(self._file).st_size
        self._number = number
        folder = os.open(self._folder, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)


def _encoded(entry: Entry) -> bytes:
    record = msgspec.json.encode(entry)
    return b'{"crc32":"%08x","record":%b}\n' % (crc32(record), record)


def _decoded(line: bytes, path: Path, offset: int) -> Entry:
    match = _LINE.fullmatch(line)
    if match and crc32(match[2]) == int(match[1], 16):
        try:
            entry: Entry = _decoder.decode(match[2])
        except msgspec.DecodeError:
            pass
        else:
            return entry
    raise CorruptData(
        f"{path}, byte {offset}: the journal is damaged here; restore the file from a copy, "
        "or move it away to pay for its answers again"
    )


def _entries(folder: Path) -> Iterator[tuple[Path, int, Entry]]:
    paths = _parts(folder)
    for path in paths:
        offset = 0
        with path.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n") and path == paths[-1]:
                    return
                yield path, offset, _decoded(line, path, offset)
                offset += len(line)


def _cut_torn_tail(path: Path) -> None:
    """Move the bytes behind the last line end into a file beside the journal."""
    if path.stat().st_size == 0:
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        good = content.rfind(b"\n") + 1
        torn = content[good:]
    if torn:
        path.with_name(f"torn-{path.stem}-{good}.bin").write_bytes(torn)
        os.truncate(path, good)


def _write_all(file: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(file, view) :]


def _line_count(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _ in file)


def _parts(folder: Path) -> list[Path]:
    return sorted(folder.glob("part-?????.jsonl"))
