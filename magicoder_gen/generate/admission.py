"""Which prompts may be sent, one at a time, and when to stop: limits, money, the intent in the journal."""

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from magicoder_gen.amounts import dollars
from magicoder_gen.generate.index import Index
from magicoder_gen.generate.limits import Limits, Reached
from magicoder_gen.generate.prices import Price
from magicoder_gen.generate.writer import Writer
from magicoder_gen.records import Failure, Intent, Prompt, Reply


class Admission:
    """The desk where a teacher gets its prompts: taking one has written its intent, durably, before."""

    def __init__(
        self,
        prompts: Iterator[Prompt],
        writer: Writer,
        index: Index,
        limits: Limits,
        *,
        price: Price | None = None,
        accepted: int = 0,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`price` must be known where `max_cost` is set. `accepted` answers count towards the target already.

        `clock` is for durations; `now` tells the moments that are journaled, in seconds since 1970.
        """
        self.in_flight = 0
        self.accepted = accepted
        self.resumed = 0  # prompts of earlier commands whose outcome is still to come
        self.limit_reached: Reached | None = None
        self.is_closing = False
        self.grace = limits.grace
        self._prompts = prompts
        self._next: Prompt | None = None
        self._cost: float | None = None  # the most that a request for it can cost, in USD
        self._writer = writer
        self._index = index
        self._limits = limits
        self._price = price
        self._is_passed_over: Callable[[str], bool] = lambda _: False
        self._clock = clock
        self._now = now
        self._started = clock()
        self._settled = asyncio.Event()

    @property
    def folder(self) -> Path:
        """Where a teacher may keep what it has to remember."""
        return self._index.folder

    def close(self) -> None:
        """Admit nothing more."""
        self.is_closing = True
        self._settled.set()

    async def more(self) -> bool:
        """Return True when a prompt may be taken; wait while only answers under way can make room. False: end."""
        while self._peek() is not None and not self._must_stop():
            if self._has_room():
                return True
            if not self.in_flight or self.limit_reached or self.has_enough():
                return False
            self._settled.clear()
            await self._settled.wait()
        return False

    async def take(self) -> Prompt | None:
        """Return the next prompt, its intent durable; None if there is none at this moment."""
        prompt = self._peek()
        if prompt is None or self._must_stop() or not self._has_room():
            return None
        self._next = None
        self.in_flight += 1
        await self._write_intent(prompt, self._cost)
        return prompt

    async def again(self, prompt: Prompt) -> bool:
        """Whether a prompt may be sent once more although the request before may have been paid; notes the intent."""
        cost = self._at_most(prompt)
        if self._must_stop() or self._has_asked_enough() or self.has_enough() or not self._can_pay(cost):
            return False
        await self._write_intent(prompt, cost)
        return True

    def resume(self, prompt_id: str) -> bool:
        """Take a prompt of an earlier command for under way again; False if it has its outcome already."""
        is_open = prompt_id in self._index.open
        self.in_flight += is_open
        self.resumed += is_open
        return is_open

    def asks(self, prompt_id: str) -> bool:
        """Whether that is a prompt of the run as it is configured now."""
        return any(self._index.rows("SELECT 1 FROM plan WHERE prompt = ?", prompt_id))

    def knows(self, prompt_id: str) -> bool:
        """Whether that prompt was sent, in this command or an earlier one."""
        return self._index.state(prompt_id) is not None

    def pass_over(self, held: Callable[[str], bool]) -> None:
        """Offer no prompt of which `held` says that its outcome is still to come."""
        self._is_passed_over = held

    async def flush(self) -> None:
        """Return when every outcome that was yielded so far is durable."""
        await self._writer.flush()

    def settle(self, outcome: Reply | Failure) -> None:
        """Take an outcome into the journal, with this moment, and into the sums; make room."""
        outcome = msgspec.structs.replace(outcome, at=int(self._now()))
        self._index.note(outcome, self._writer.put(outcome))
        self.in_flight -= 1
        self._settled.set()

    async def _write_intent(self, prompt: Prompt, cost: float | None) -> None:
        intent = Intent(prompt.id, cost)
        done = asyncio.get_running_loop().create_future()
        self._index.note(intent, self._writer.put(intent, done))
        await done

    def _peek(self) -> Prompt | None:
        if self._next is None:
            self._next = next((prompt for prompt in self._prompts if not self._is_passed_over(prompt.id)), None)
            self._cost = self._at_most(self._next) if self._next else None
        return self._next

    def _at_most(self, prompt: Prompt) -> float | None:
        return self._price.at_most(prompt) if self._price else None

    def _must_stop(self) -> bool:
        """Whether nothing more is admitted, whoever pays for it."""
        return self.is_closing or self._index.trouble is not None or self.out_of_time()

    def out_of_time(self) -> bool:
        """Whether `max_duration` is over; `limit_reached` then says so."""
        allowed = self._limits.max_duration
        over = allowed is not None and self._clock() - self._started >= allowed
        if over:
            what = f"generate.limits.max_duration={allowed:g} reached"
            self.limit_reached = Reached(what, remedy="the same command goes on")
        return over

    def has_enough(self) -> bool:
        """Whether the wanted number of answers was accepted."""
        target = self._limits.target_accepted
        return target is not None and self.accepted >= target

    def _has_asked_enough(self) -> bool:
        """Whether `max_requests` were sent; `limit_reached` then says so."""
        allowed = self._limits.max_requests
        enough = allowed is not None and self._index.totals.requests >= allowed
        if enough:
            self.limit_reached = Reached(f"generate.limits.max_requests={allowed} reached")
        return enough

    def _has_room(self) -> bool:
        """Whether the next prompt may be sent now, given what is under way; `limit_reached` if it never may."""
        target = self._limits.target_accepted
        if self._has_asked_enough() or (target is not None and self.accepted + self.in_flight >= target):
            return False
        if self._can_pay(self._cost):
            return True
        if not self.in_flight:
            self.limit_reached = Reached(self._shortage())
        return False

    def _shortage(self) -> str:
        """Return why `max_cost` does not allow the next prompt."""
        spent, next_one = dollars(self._index.at_most()), dollars(self._cost or 0.0)
        return (
            f"generate.limits.max_cost={self._limits.max_cost:g} does not allow another request "
            f"({spent} spent or under way, the next may cost {next_one})"
        )

    def _can_pay(self, cost: float | None) -> bool:
        """Whether the most that one more request can cost keeps the bill within `max_cost`."""
        if self._limits.max_cost is None:
            return True
        assert cost is not None
        return self._index.at_most() + cost <= self._limits.max_cost
