"""Which prompts may be sent, one at a time, and when to stop: limits, signals, the intent in the journal."""

import time
from collections.abc import Callable, Iterator
from typing import Annotated, Self

import msgspec

from magicoder_gen.generate.journal import Journal, State
from magicoder_gen.records import Intent, Options, Positive, Prompt


class Limits(Options, frozen=True):
    """When to stop although prompts are left; null is no limit.

    `max_requests` counts over all resumes of the run, `max_duration` (seconds) from the start of this command.
    `grace` is how long (seconds) answers under way are waited for after a signal.
    """

    max_requests: Positive | None = None
    max_duration: Annotated[float, msgspec.Meta(gt=0)] | None = None
    grace: Annotated[float, msgspec.Meta(ge=0)] = 25.0


class Admission:
    """An asynchronous iterator of prompts: taking one has written its intent, durably, before."""

    def __init__(
        self,
        prompts: Iterator[Prompt],
        journal: Journal,
        state: State,
        limits: Limits,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.in_flight = 0
        self.limit_reached: str | None = None
        self._prompts = prompts
        self._journal = journal
        self._state = state
        self._limits = limits
        self._clock = clock
        self._started = clock()
        self.grace = limits.grace
        self._closed = False
        self._next: Prompt | None = None

    def close(self) -> None:
        """Admit nothing more."""
        self._closed = True

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Prompt:
        if self._next is None:
            self._next = next(self._prompts, None)
        if self._next is None or self._closed or self.at_limit():
            raise StopAsyncIteration
        prompt, self._next = self._next, None
        intent = Intent(prompt.id)
        self._state.note(intent)
        self.in_flight += 1
        await self._journal.written(intent)
        return prompt

    def at_limit(self) -> bool:
        """Whether a limit stops the run; `limit_reached` then names it."""
        limits = self._limits
        if limits.max_requests is not None and self._state.intents >= limits.max_requests:
            self.limit_reached = f"generate.limits.max_requests={limits.max_requests}"
        return self.limit_reached is not None or self.out_of_time()

    def out_of_time(self) -> bool:
        """Whether `max_duration` is over; `limit_reached` then says so."""
        allowed = self._limits.max_duration
        over = allowed is not None and self._clock() - self._started >= allowed
        if over:
            self.limit_reached = f"generate.limits.max_duration={allowed:g}"
        return over
