"""The one writer of the journal: a thread that appends what has queued, in one write and one sync (group commit)."""

import asyncio
import os
import queue
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from magicoder_gen.errors import DiskError, MagicoderError, creating
from magicoder_gen.generate import journal
from magicoder_gen.generate.journal import Entry, Place

Ack = asyncio.Future[None] | threading.Event | None


class Writer:
    """Appends entries, durable when their wait is over; a failed write fails all that follow.

    Places are given when entries are queued: lines go to disk in that order, or not at all.
    """

    def __init__(self, folder: Path, *, shard_bytes: int) -> None:
        self._folder = folder
        self._shard_bytes = shard_bytes
        self._queue: queue.SimpleQueue[tuple[Place, bytes, Ack] | None] = queue.SimpleQueue()
        self._broken: MagicoderError | None = None
        self._thread = threading.Thread(target=self._work, name="journal", daemon=True)
        self._file = -1
        self._part = 0  # the part that is open
        self._next = Place(0, 0)  # where the next line that is queued goes

    def __enter__(self) -> Self:
        """Repair a torn tail, open the last part for appending."""
        with creating(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            existing = journal.part_paths(self._folder)
            if existing:
                journal.cut_torn_tail(existing[-1])
            self._open_part(journal.part_number(existing[-1]) if existing else 0)
        self._next = Place(self._part, os.fstat(self._file).st_size)
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

    def put(self, entry: Entry, ack: Ack = None) -> Place:
        """Queue one entry and return its place; raise DiskError at once if an earlier one could not be written."""
        if self._broken:
            raise self._broken
        line = journal.encoded(entry)
        if self._next.offset and self._next.offset + len(line) > self._shard_bytes:
            self._next = Place(self._next.part + 1, 0)
        place = self._next
        self._next = Place(place.part, place.offset + len(line))
        self._queue.put((place, line, ack))
        return place

    @property
    def is_broken(self) -> bool:
        """Whether something that was queued could not be written."""
        return self._broken is not None

    @property
    def end(self) -> Place:
        """Where the next entry goes: all that was queued lies before."""
        return self._next

    async def flush(self) -> None:
        """Return when all that was queued is durable; raise DiskError if it cannot be."""
        done = asyncio.get_running_loop().create_future()
        self._queue.put((self._next, b"", done))
        await done

    def sync(self) -> bool:
        """Block until all that was queued is written; return whether it is durable."""
        done = threading.Event()
        self._queue.put((self._next, b"", done))
        done.wait()
        return self._broken is None

    def _work(self) -> None:
        while True:
            group, last = self._drain()
            try:
                self._commit(group)
            except (OSError, MemoryError) as error:
                said = error.strerror if isinstance(error, OSError) else "out of memory"
                self._broken = self._broken or DiskError(
                    f"cannot write {self._folder}: {said}; nothing more is sent; "
                    "free space and run the same command again"
                )
            _acknowledge([ack for _, _, ack in group if ack], self._broken)
            if last:
                return

    def _drain(self) -> tuple[list[tuple[Place, bytes, Ack]], bool]:
        """Wait for one entry, then take all that have queued; True if the end was among them."""
        group = []
        item = self._queue.get()
        while item is not None:
            group.append(item)
            if self._queue.empty():
                return group, False
            item = self._queue.get()
        return group, True

    def _commit(self, group: list[tuple[Place, bytes, Ack]]) -> None:
        """Append and sync, part by part."""
        if self._broken:
            raise OSError(self._broken.args[0])
        for part in dict.fromkeys(place.part for place, _, _ in group):
            if part != self._part:
                closing, self._file = self._file, -1
                os.close(closing)
                self._open_part(part)
            self._append(b"".join(line for place, line, _ in group if place.part == part))

    def _append(self, content: bytes) -> None:
        """Write whole lines and sync; if not all of them fit, keep those that did."""
        good = os.fstat(self._file).st_size
        try:
            _write_all(self._file, content)
            _sync(self._file)
        except OSError:
            with suppress(OSError):
                self._keep_whole_lines(good, content)
            raise

    def _keep_whole_lines(self, good: int, content: bytes) -> None:
        """Cut off what is torn behind `good` bytes; all of it, if what is whole cannot be made durable."""
        written = os.fstat(self._file).st_size - good
        os.ftruncate(self._file, good + content.rfind(b"\n", 0, written) + 1)
        try:
            _sync(self._file)
        except OSError:
            os.ftruncate(self._file, good)

    def _open_part(self, number: int) -> None:
        path = journal.part_path(self._folder, number)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        self._part = number
        folder = os.open(self._folder, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)


def _sync(file: int) -> None:
    os.fdatasync(file) if hasattr(os, "fdatasync") else os.fsync(file)


def _write_all(file: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(file, view) :]


def _acknowledge(acks: list[asyncio.Future[None] | threading.Event], trouble: MagicoderError | None) -> None:
    """Tell those who wait, in their own thread; one that has left does not mind."""
    for event in acks:
        if isinstance(event, threading.Event):
            event.set()
    futures = [ack for ack in acks if isinstance(ack, asyncio.Future)]

    def tell() -> None:
        for ack in futures:
            if ack.done():
                continue
            if trouble:
                ack.set_exception(trouble)
            else:
                ack.set_result(None)

    if futures:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            futures[0].get_loop().call_soon_threadsafe(tell)
