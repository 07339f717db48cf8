"""A prompt until its outcome: retries, patience, and when to stop for good."""

import asyncio
import logging
import time
from collections import Counter, deque
from functools import cache
from typing import TYPE_CHECKING

from magicoder_gen.errors import ConfigError, MagicoderError, NotAuthorised, TeacherUnreachable, TryLater
from magicoder_gen.generate.protocols import Desk, Outcome
from magicoder_gen.generate.teachers import outcomes, pool
from magicoder_gen.generate.teachers.channel import Channel
from magicoder_gen.generate.teachers.router import Router, Seat
from magicoder_gen.generate.teachers.wire import Answer, Refusal, Retry
from magicoder_gen.records import Failure, Prompt

if TYPE_CHECKING:
    from tenacity import RetryCallState
    from tenacity.wait import wait_base

    from magicoder_gen.generate.teachers.chat import Chat

logger = logging.getLogger("magicoder_gen")

SAME = 5  # equal refusals before any answer that stop the run
SLICE = 0.5  # seconds of waiting after which whoever waits looks whether it still should


class Conversation:
    """Asks the endpoints of one teacher; remembers whether any answers at all."""

    def __init__(self, chat: "Chat", desk: Desk, router: Router) -> None:
        self._chat = chat
        self._desk = desk
        self._router = router
        self._price = chat.known_price()
        self._failing_since: float | None = None
        self._answered = False
        self._over = False
        self._told: set[tuple[str, str]] = set()
        self._sent_again: Counter[str] = Counter()  # by what went wrong
        self._refused: deque[str] = deque(maxlen=SAME)

    async def next_outcome(self) -> Outcome | None:
        """Take one prompt once an endpoint can take it, and return its outcome; None if there was none to take."""
        seat = await self._router.seat(self._may_begin)
        if seat is None:
            return None
        prompt = None
        try:
            prompt = None if self._over else await self._desk.take()
        finally:
            if prompt is None:
                self._router.leave(seat, unused=True)
        if prompt is None:
            return None
        try:
            return await self._ask(prompt, seat)
        except MagicoderError as error:
            self._over = True
            paid = getattr(error.__cause__, "paid", False)
            raise pool.Stopped(
                outcomes.failure(prompt, "run_stopped", str(error), final=False, uncertain=paid)
            ) from error

    def sum_up(self) -> None:
        """Say how much trouble passed: of each kind only the first was told."""
        if self._sent_again:
            kinds = ", ".join(f"{kind} {count}" for kind, count in self._sent_again.most_common())
            number = self._sent_again.total()
            logger.info("requests that failed on the way and were sent again: %d (%s)", number, kinds)

    async def _may_begin(self) -> bool:
        return not self._over and await self._desk.more()

    async def _may_go_on(self) -> bool:
        return not self._over and not self._desk.is_closing

    async def _ask(self, prompt: Prompt, seat: Seat) -> Outcome:
        """Send a prompt until it has an outcome; the given seat is given back, as is every one taken here."""
        started, attempts, left = time.monotonic(), 0, self._chat.attempts
        while True:
            attempts += 1
            try:
                answer = await self._once(prompt, seat)
            except Retry as problem:
                last = problem
            except Refusal as refusal:
                return self._give_up(prompt, refusal, seat.channel)
            else:
                return outcomes.reply(
                    prompt, answer, price=self._price, attempts=attempts, seconds=time.monotonic() - started
                )
            finally:
                self._router.leave(seat)
            left = min(left - last.costs, 1) if last.kind == "no_choices" else left - last.costs  # paid each time
            next_seat = await self._next_seat(prompt, last, attempts) if left > 0 else None
            if next_seat is None:
                return outcomes.failure(prompt, last.kind, str(last), final=False, uncertain=last.paid)
            seat = next_seat
            self._sent_again[last.kind] += 1

    async def _once(self, prompt: Prompt, seat: Seat) -> Answer:
        try:
            answer = await seat.channel.exchange(prompt, seat.ticket)
        except Retry as problem:
            self._lose_patience(problem, seat.channel)
            raise
        except Refusal as refusal:
            if refusal.kind == "timeout":
                self._lose_patience(refusal, seat.channel)
            else:
                self._failing_since = None  # a refusal is an answer
            raise
        except (NotAuthorised, TryLater, ConfigError) as error:
            self._router.leave_out(seat.channel, error)
            raise Retry("endpoint_lost", str(error), wait=0.0, costs=False) from error
        self._failing_since, self._answered = None, True
        return answer

    async def _next_seat(self, prompt: Prompt, problem: Retry, attempts: int) -> Seat | None:
        """Wait as long as the server asked, else with full jitter; return where to send again, None if that is over."""
        rest = problem.wait if problem.wait is not None else backoff(attempts)
        while rest > 0 and await self._may_go_on():  # in slices: there are two ends, and either may come first
            await asyncio.sleep(min(rest, SLICE))
            rest -= SLICE
        seat = await self._router.seat(self._may_go_on, again=True)
        if seat and problem.paid and not await self._desk.again(prompt):
            self._router.leave(seat, unused=True)
            return None
        return seat

    def _lose_patience(self, problem: Retry | Refusal, channel: Channel) -> None:
        """Stop the run when nothing but errors came for `patience` seconds; a rate limit is an answer."""
        if (channel.name, problem.kind) not in self._told:  # each kind once: there may be thousands
            self._told.add((channel.name, problem.kind))
            logger.warning("%s: %s%s", channel.name, problem, "; trying again" if isinstance(problem, Retry) else "")
        if problem.kind == "rate_limit":
            self._failing_since = None
            return
        now = time.monotonic()
        self._failing_since = now if self._failing_since is None else self._failing_since
        if now - self._failing_since >= self._chat.patience:
            raise TeacherUnreachable(
                f"{channel.name}: nothing but errors for {self._chat.patience:g} s, last: {problem}; "
                "check generate.teacher.base_url and the server, then run the same command again"
            ) from problem

    def _give_up(self, prompt: Prompt, refusal: Refusal, channel: Channel) -> Failure:
        """Settle a prompt that is refused; five times the same before any answer, the request itself is wrong."""
        if not self._answered and not refusal.of_the_prompt and refusal.kind != "timeout":
            self._refused.append(str(refusal))
            if len(self._refused) == SAME and len(set(self._refused)) == 1:
                raise ConfigError(f"{channel.name}: refuses every request: {refusal}") from refusal
        final = self._answered or refusal.of_the_prompt
        return outcomes.failure(prompt, refusal.kind, str(refusal), final=final, uncertain=refusal.paid)


def backoff(attempts: int) -> float:
    """Return seconds: full jitter up to 1, 2, 4 … 60."""
    wait, state = _waiting()
    state.attempt_number = attempts
    return wait(state)


@cache
def _waiting() -> tuple["wait_base", "RetryCallState"]:
    from tenacity import AsyncRetrying, RetryCallState, wait_random_exponential

    return wait_random_exponential(multiplier=1, max=60), RetryCallState(AsyncRetrying(), None, (), {})
