"""One sitting with the teacher: outcomes into the journal as they come, signals and limits to a quiet end."""

import asyncio
import logging
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import aclosing, contextmanager, suppress
from typing import Any

from magicoder_gen.errors import CorruptData, DiskError
from magicoder_gen.generate.admission import Admission
from magicoder_gen.generate.index import Index
from magicoder_gen.generate.protocols import Teacher
from magicoder_gen.generate.writer import Writer
from magicoder_gen.records import Progress, Reply

logger = logging.getLogger("magicoder_gen")

TICK = 1.0  # seconds between two signs of life while answers are awaited, and two commits of the index


class Exchange:
    """One sitting with the teacher: outcomes into the journal, signals to a quiet end."""

    def __init__(
        self,
        teacher: Teacher,
        writer: Writer,
        index: Index,
        admission: Admission,
        *,
        accepts: Callable[[Reply], bool] | None = None,
    ) -> None:
        """Take the parts; `accepts` tells which answers count towards a target."""
        self.signal_number: int | None = None
        self._ending = False
        self._trouble: DiskError | None = None
        self._done = 0
        self._teacher = teacher
        self._writer = writer
        self._index = index
        self._admission = admission
        self._accepts = accepts

    async def run(self, progress: Progress, *, done: int, total: int) -> None:
        """Return when every admitted prompt has its outcome, or the grace after a signal or limit is over.

        `done` of `total` prompts had theirs before. Raises DiskError if something could not be written, and what the
        teacher raises.
        """
        self._done = done

        def show() -> None:
            progress.update(self._done, total, in_flight=self._admission.in_flight, traffic=self._index.traffic())

        listening = asyncio.create_task(self._listen())
        ticking = asyncio.create_task(self._tick(show, listening))
        try:
            with _signals(self._on_signal, listening):
                await listening
        except asyncio.CancelledError:
            if not self._ending:
                raise
        finally:
            ticking.cancel()
            show()
        trouble = self._trouble or self._index.trouble
        if trouble:
            raise trouble

    async def _tick(self, show: Callable[[], None], listening: "asyncio.Task[None]") -> None:
        """Show signs of life; keep the index near the journal; see to it that time limits and disk errors end this."""
        while True:
            show()
            try:
                await self._writer.flush()  # most of it, while others work
                keep(self._index, self._writer)
            except DiskError as error:
                self._trouble = error
            if self._trouble or self._index.trouble or (self._admission.in_flight and self._admission.out_of_time()):
                self._end(listening)
            await asyncio.sleep(TICK)

    def _end(self, listening: "asyncio.Task[None]") -> None:
        """Admit nothing more, and wait for what is under way, but not for ever."""
        if self._ending:
            return
        self._ending = True
        self._admission.close()
        grace = self._admission.grace
        logger.warning("stopping: waiting up to %g s for %d answers under way", grace, self._admission.in_flight)
        asyncio.get_running_loop().call_later(grace, listening.cancel)

    async def _listen(self) -> None:
        async with aclosing(self._teacher.answer(self._admission)) as outcomes:
            async for outcome in outcomes:
                self._admission.settle(outcome)  # before anybody looks into it
                if self._accepts and isinstance(outcome, Reply):
                    self._admission.accepted += self._accepts(outcome)
                self._done += outcome.redo_of is None and (isinstance(outcome, Reply) or outcome.final)

    def _on_signal(self, number: int, listening: "asyncio.Task[None]") -> None:
        """First signal: admit nothing more and wait for what is under way; second: leave now."""
        if self.signal_number is not None:
            listening.cancel()
            return
        self.signal_number = number
        self._end(listening)


def keep(index: Index, writer: Writer) -> bool:
    """Commit the index, once all that it has noted is durable; return whether that could be done."""
    if not writer.sync():  # nothing else can be noted meanwhile
        return False
    with suppress(DiskError, CorruptData):  # `trouble` says it
        index.commit(writer.end)
    return index.trouble is None


@contextmanager
def _signals(handler: Any, listening: "asyncio.Task[None]") -> Iterator[None]:
    """Route SIGINT, SIGTERM and SIGHUP to `handler` where they are not ignored; only the main thread may."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    heeded = [number for number in numbers if before[number] is not signal.SIG_IGN]
    loop = asyncio.get_running_loop()
    for number in heeded:
        loop.add_signal_handler(number, handler, number, listening)
    try:
        yield
    finally:
        for number in heeded:
            loop.remove_signal_handler(number)
            signal.signal(number, before[number])
