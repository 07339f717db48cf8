"""One endpoint at work: its way to the server, its pace, its health."""

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

import msgspec

from magicoder_gen.errors import MagicoderError
from magicoder_gen.generate.teachers import wire
from magicoder_gen.generate.teachers.endpoints import Endpoint
from magicoder_gen.generate.teachers.pacing import Pacer, Ticket
from magicoder_gen.generate.teachers.wire import Answer, Refusal, Retry
from magicoder_gen.records import Prompt

if TYPE_CHECKING:
    from magicoder_gen.generate.teachers.chat import Chat
    from magicoder_gen.generate.teachers.transport import Answered

logger = logging.getLogger("magicoder_gen")

SECRET = 8  # characters; a shorter key is a placeholder for servers that need none, and a word like any other
STREAK = 5  # failures in a row after which an endpoint is left alone, if there is another
FIRST_LEAVE, LONGEST_LEAVE = 10.0, 300.0  # seconds, doubled each time
_ENCODER = msgspec.json.Encoder()


class Channel:
    """One endpoint at work, a context manager; `under_way` counts its requests, `turn` orders it among others.

    `seated` is when (seconds) the last request got its place. `trouble` is why it will not be asked again,
    `has_other` whether there is another to ask in its stead.
    """

    def __init__(
        self, endpoint: Endpoint, chat: "Chat", key: str, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        from magicoder_gen.generate.teachers.transport import Deadlines, Transport

        self.endpoint = endpoint
        self.under_way = 0
        self.turn = 0.0
        self.seated = -1.0
        self.trouble: MagicoderError | None = None
        self.has_other: Callable[[], bool] = lambda: False
        self.pacer = Pacer(
            requests_per_minute=endpoint.requests_per_minute,
            tokens_per_minute=endpoint.tokens_per_minute,
            tokens=chat.max_tokens or 1000.0,
            clock=clock,
        )
        self.transport = Transport(
            endpoint,
            key,
            Deadlines(chat.timeout, chat.connect_timeout, chat.idle_timeout),
            max_bytes=chat.max_response_bytes,
            timeouts_are_final=not chat.retry_timeouts,
        )
        self._chat = chat
        self._key = key
        self._clock = clock
        self._failures = 0  # in a row
        self._leave = FIRST_LEAVE
        self._away_until = 0.0

    async def __aenter__(self) -> Self:
        await self.transport.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.transport.__aexit__()

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"{self.endpoint.model or self._chat.model} at {self.endpoint.url}"

    def delay(self) -> float:
        """Return the seconds until it may be asked again; infinity while it has no free place."""
        return self.pacer.delay() if self.under_way < self.endpoint.concurrency else float("inf")

    @property
    def is_well(self) -> bool:
        """Whether no other endpoint is the better choice: after many failures in a row, one request tries it out.

        Those that hang since before it was left alone are no trial.
        """
        if self.is_away:
            return False
        return self._leave == FIRST_LEAVE or self.under_way == 0 or self.seated < self._away_until

    @property
    def is_away(self) -> bool:
        """Whether it failed so often that it is left alone for now."""
        return self._clock() < self._away_until

    async def exchange(self, prompt: Prompt, ticket: Ticket) -> Answer:
        """Send one request; raise Retry, Refusal or what ends the run."""
        body = _ENCODER.encode(request(prompt, model=self.endpoint.model, stream=self._chat.stream))
        self.pacer.leaves(ticket)
        try:
            answered = await self.transport.post(body)
            answer = self.read(answered)
        except Retry as problem:
            self.pacer.answered(ticket, turned_away=problem.turned_away, wait=problem.wait, headers=problem.headers)
            if not problem.turned_away:
                self._fail(problem, sent=ticket.left_at)
            raise
        except BaseException:
            self.pacer.answered(ticket)
            raise
        used = answer.usage.input_tokens + answer.usage.output_tokens if answer.usage else None
        self.pacer.answered(ticket, used=used, headers=answered.headers)
        self._failures, self._leave, self._away_until = 0, FIRST_LEAVE, 0.0
        return answer

    def read(self, answered: "Answered") -> Answer:
        """Return the answer; neither it nor what is raised instead says the key, though the server may have."""
        try:
            return wire.without_key(self._read(answered, answered.body), self.hidden)
        except (Retry, Refusal, MagicoderError):
            pass
        try:
            return self._read(answered, self.hidden(answered.body.decode("utf-8", "replace")).encode())
        except (Retry, Refusal, MagicoderError) as instruction:
            instruction.args = (self.hidden(str(instruction)),)  # as JSON escapes it, it may have been passed over
            raise

    def _read(self, answered: "Answered", body: bytes) -> Answer:
        if not 200 <= answered.status < 300:  # noqa: PLR2004
            wire.judge_status(answered.status, body.decode("utf-8", "replace"), answered.headers, where=self.name)
        return wire.read(body, answered.headers, where=self.name)

    def _fail(self, problem: Retry, *, sent: float) -> None:
        """After a streak of failures, leave the endpoint alone for a while, each time longer.

        What was `sent` (seconds) before that while is over says nothing new.
        """
        if sent < self._away_until:
            return
        self._failures += 1
        if self._failures < (STREAK if self._leave == FIRST_LEAVE else 1):
            return
        self._failures = 0
        self._away_until = self._clock() + self._leave
        if self.has_other():
            logger.info("%s: %s; others are asked for %g s", self.name, problem, self._leave)
        self._leave = min(2 * self._leave, LONGEST_LEAVE)

    def hidden(self, text: str) -> str:
        """Blank the key in what a server says of itself; never in its answers, which are data."""
        return text.replace(self._key, "[key]") if len(self._key) >= SECRET else text


def request(prompt: Prompt, *, model: str | None, stream: bool) -> dict[str, Any]:
    """Return the request's body: messages, and the sampling parameters that are set."""
    sampling: dict[str, Any] = msgspec.to_builtins(prompt.sampling)
    extra = sampling.pop("extra", {})
    body = {**sampling, **extra, "messages": prompt.messages}
    if model:
        body["model"] = model
    if stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return body
