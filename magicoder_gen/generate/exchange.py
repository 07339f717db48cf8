"""One sitting with the teacher: outcomes into the journal as they come, signals and limits to a quiet end."""

import asyncio
import logging
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import aclosing, contextmanager
from typing import Any

from magicoder_gen.generate.admission import Admission
from magicoder_gen.generate.journal import Journal, State
from magicoder_gen.records import Progress, Teacher

logger = logging.getLogger("magicoder_gen")

TICK = 2.0  # seconds between two signs of life while answers are awaited


class Exchange:
    """One sitting with the teacher: outcomes into the journal, signals to a quiet end."""

    def __init__(self, teacher: Teacher, writer: Journal, admission: Admission, state: State) -> None:
        self.signal_number: int | None = None
        self._ending = False
        self._teacher = teacher
        self._writer = writer
        self._admission = admission
        self._state = state

    async def run(self, progress: Progress, *, total: int) -> None:
        """Return when every admitted prompt has its outcome, or the grace after a signal or limit is over."""

        def show() -> None:
            done = len(self._state.replied) + len(self._state.refused)
            progress.update(done, total, in_flight=self._admission.in_flight, cost=self._state.cost)

        listening = asyncio.create_task(self._listen(show))
        ticking = asyncio.create_task(self._tick(show, listening))
        try:
            with _signals(self._on_signal, listening):
                await listening
        except asyncio.CancelledError:
            if not self._ending:
                raise
        finally:
            ticking.cancel()

    async def _tick(self, show: Callable[[], None], listening: "asyncio.Task[None]") -> None:
        """Show signs of life; see to it that time limits hold although nothing is admitted."""
        while True:
            show()
            if self._admission.in_flight and self._admission.out_of_time():
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

    async def _listen(self, show: Callable[[], None]) -> None:
        async with aclosing(self._teacher.answer(self._admission)) as outcomes:
            async for outcome in outcomes:
                self._writer.put(outcome)
                self._state.note(outcome)
                self._admission.in_flight -= 1
                show()

    def _on_signal(self, number: int, listening: "asyncio.Task[None]") -> None:
        """First signal: admit nothing more and wait for what is under way; second: leave now."""
        if self.signal_number is not None:
            listening.cancel()
            return
        self.signal_number = number
        self._end(listening)


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
