"""One endpoint, asked prompt by prompt: retries, deadlines, patience, and when to stop for good."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from magicoder_gen.errors import ConfigError, MagicoderError, TeacherUnreachable, of_the_machine
from magicoder_gen.generate import tokens
from magicoder_gen.generate.teachers import wire
from magicoder_gen.generate.teachers.wire import Answer, Refusal, Retry
from magicoder_gen.records import Failure, Prompt, Reply, Usage

if TYPE_CHECKING:
    from openai import AsyncOpenAI
    from tenacity import RetryCallState

    from magicoder_gen.generate.teachers.chat import Chat

logger = logging.getLogger("magicoder_gen")

SECRET = 8  # characters; a shorter key is a placeholder for servers that need none, and a word like any other


class Conversation:
    """Asks one endpoint; remembers whether it answers at all."""

    def __init__(self, endpoint: "Chat", client: "AsyncOpenAI", key: str) -> None:
        self._endpoint = endpoint
        self._client = client
        self._key = key
        self._failing_since: float | None = None
        self._answered = False
        self._rate_limited = False
        self._over = False
        self._refusals: list[str] = []

    async def ask(self, prompt: Prompt) -> Reply | Failure:
        """Return the outcome of one prompt, after retries; once the run must stop, nothing is tried again."""
        try:
            return await self._ask(prompt)
        except MagicoderError:
            self._over = True
            raise

    async def _ask(self, prompt: Prompt) -> Reply | Failure:
        from tenacity import AsyncRetrying, retry_if_exception_type

        attempts = _Attempts(self._endpoint.attempts, over=lambda: self._over)
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(Retry), wait=attempts.wait, stop=attempts.exhausted, reraise=True
        )
        started = time.monotonic()
        try:
            answer: Answer = await retrying(self._once, prompt)
        except Retry as last:
            return self._failure(prompt, last.kind, str(last), final=False)
        except Refusal as refusal:
            self._notice_refusal(prompt, refusal)
            final = self._answered or refusal.kind == "context_length"
            return self._failure(prompt, refusal.kind, str(refusal), final=final)
        return self._reply(prompt, answer, attempts=attempts.number, seconds=time.monotonic() - started)

    async def _once(self, prompt: Prompt) -> Answer:
        try:
            answer = await self._exchange(prompt)
        except Retry as problem:
            self._lose_patience(problem, prompt)
            raise
        except Refusal:
            self._failing_since = None  # a refusal is an answer
            raise
        self._failing_since, self._answered = None, True
        return answer

    async def _exchange(self, prompt: Prompt) -> Answer:
        """Send one request; raise Retry, Refusal or what ends the run."""
        from aiohttp import ClientError
        from openai import APIConnectionError, APIStatusError

        where = self._where(prompt)
        try:
            async with asyncio.timeout(self._endpoint.timeout):
                body = await self._client.post("/chat/completions", body=_body(prompt), cast_to=bytes)
        except APIStatusError as error:
            said = self._hidden(error.response.text)
            wire.judge_status(error.status_code, said, error.response.headers, where=where)
        except (TimeoutError, APIConnectionError, ClientError) as error:
            raise self._trouble(error) from error
        return wire.read_answer(body, where=where)

    def _trouble(self, error: Exception) -> Retry | Refusal:
        """Tell a connection that failed from an answer that did not come in time."""
        connection = below_http(error)
        if connection:
            return connection_trouble(connection)
        if not isinstance(error, TimeoutError) and not _timed_out(error):
            return Retry("bad_body", f"an answer that cannot be read: {type(error.__cause__ or error).__name__}")
        message = f"no answer within {self._endpoint.timeout:g} s"
        return Retry("timeout", message) if self._endpoint.retry_timeouts else Refusal("timeout", message)

    def _where(self, prompt: Prompt) -> str:
        return f"{prompt.sampling.model} at {self._client.base_url}"

    def _lose_patience(self, problem: Retry, prompt: Prompt) -> None:
        """Stop the run when nothing but errors came for `patience` seconds; a rate limit is an answer."""
        if problem.kind == "rate_limit":
            self._failing_since = None
            if not self._rate_limited:
                logger.warning("%s: %s; waiting as long as it asks", self._where(prompt), problem)
            self._rate_limited = True
            return
        now = time.monotonic()
        if self._failing_since is None:
            self._failing_since = now
            logger.warning("%s: %s; trying again", self._where(prompt), problem)
        if now - self._failing_since >= self._endpoint.patience:
            raise TeacherUnreachable(
                f"{self._where(prompt)}: nothing but errors for {self._endpoint.patience:g} s, last: {problem}; "
                "check generate.teacher.base_url and the server, then run the same command again"
            ) from problem

    def _notice_refusal(self, prompt: Prompt, refusal: Refusal) -> None:
        """Five identical refusals before any answer: the request itself is wrong, not its prompts."""
        if self._answered or refusal.kind == "context_length":
            return
        self._refusals.append(str(refusal))
        if self._refusals[-5:] == [str(refusal)] * 5:
            raise ConfigError(f"{self._where(prompt)}: refuses every request: {refusal}") from refusal

    def _failure(self, prompt: Prompt, kind: str, message: str, *, final: bool) -> Failure:
        return Failure(prompt.id, prompt.seed, kind, self._hidden(message), final)

    def _reply(self, prompt: Prompt, answer: Answer, *, attempts: int, seconds: float) -> Reply:
        usage = answer.usage or _estimated(prompt, answer)
        return Reply(
            prompt_id=prompt.id,
            seed=prompt.seed,
            text=answer.text,
            reasoning=answer.reasoning,
            finish_reason=answer.finish_reason,
            usage=usage,
            cost=self._endpoint.price.of(usage) if self._endpoint.price else None,
            model=self._hidden(answer.model or prompt.sampling.model),
            system_fingerprint=answer.system_fingerprint,
            attempts=attempts,
            seconds=round(seconds, 3),
        )

    def _hidden(self, text: str) -> str:
        """Blank the key in what a server says of itself; never in its answers, which are data."""
        return text.replace(self._key, "[key]") if len(self._key) >= SECRET else text


class _Attempts:
    """Tenacity's view of one prompt: how long to wait, when to give up."""

    def __init__(self, allowed: int, *, over: Callable[[], bool]) -> None:
        from tenacity import wait_random_exponential

        self.number = 1
        self._left = allowed
        self._over = over
        self._backoff = wait_random_exponential(multiplier=1, max=60)

    def wait(self, state: "RetryCallState") -> float:
        """Return seconds: what the server asked for, else full jitter up to 1, 2, 4 … 60."""
        problem = _problem(state)
        return problem.wait if problem.wait is not None else self._backoff(state)

    def exhausted(self, state: "RetryCallState") -> bool:
        """Count the attempt if it costs one; true when none is left or the run is over."""
        self.number = state.attempt_number + 1
        self._left -= _problem(state).costs
        return self._left <= 0 or self._over()


def _problem(state: "RetryCallState") -> Retry:
    assert state.outcome is not None
    problem = state.outcome.exception()
    assert isinstance(problem, Retry)
    return problem


def _timed_out(error: BaseException | None) -> bool:
    while error is not None and not isinstance(error, TimeoutError):
        error = error.__cause__
    return error is not None


def below_http(error: BaseException | None) -> Exception | None:
    """Return what aiohttp said, if that is the cause and no timeout: the client's own names for it mislead."""
    from aiohttp import ClientError, ServerTimeoutError

    while error is not None:
        if isinstance(error, ClientError) and not isinstance(error, ServerTimeoutError):
            return error
        error = error.__cause__
    return None


def connection_trouble(error: Exception) -> Retry:
    """Say what went wrong below HTTP; never the request, whose headers hold the key. Raise what ends the run."""
    from aiohttp import ClientConnectorError, ClientSSLError

    if isinstance(error, ClientSSLError):
        raise ConfigError(f"the server's certificate is not trusted: {error}") from error
    exhausted = of_the_machine(error) if isinstance(error, OSError) else None
    if exhausted:
        raise exhausted from error
    said = str(error) if isinstance(error, OSError) else ""
    nothing_was_sent = isinstance(error, ClientConnectorError)
    return Retry("connection", f"{type(error).__name__} {said}".strip(), costs=not nothing_was_sent)


def _body(prompt: Prompt) -> dict[str, Any]:
    """Return the request: messages, and the sampling parameters that are set."""
    messages = [{"role": turn.role, "content": turn.content} for turn in prompt.messages]
    sampling: dict[str, Any] = msgspec.to_builtins(prompt.sampling)
    return {**sampling, "messages": messages}


def _estimated(prompt: Prompt, answer: Answer) -> Usage:
    asked = sum(tokens.count(turn.content, prompt.sampling.model) for turn in prompt.messages)
    return Usage(asked, tokens.count(answer.text or "", prompt.sampling.model), estimated=True)
