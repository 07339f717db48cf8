"""A teacher behind the OpenAI chat protocol: OpenAI itself, vLLM, SGLang, llama.cpp, Ollama, any compatible URL."""

import asyncio
import logging
import os
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Annotated, Any, ClassVar
from urllib.parse import urlsplit

import msgspec

from magicoder_gen.errors import ConfigError, MagicoderError, NotAuthorised, TeacherUnreachable, of_the_machine
from magicoder_gen.generate import tokens
from magicoder_gen.generate.teachers import pool, wire
from magicoder_gen.generate.teachers.wire import Answer, Refusal, Retry
from magicoder_gen.records import Block, Failure, Options, Prompt, Reply, Sampling, Usage

if TYPE_CHECKING:
    from openai import AsyncOpenAI
    from tenacity import RetryCallState

logger = logging.getLogger("magicoder_gen")

NO_KEY = "no-key-needed"  # the client insists on one
OPENAI = "https://api.openai.com/v1"

Positive = Annotated[int, msgspec.Meta(ge=1)]


class Price(Options, frozen=True):
    """USD per million tokens; null is unknown."""

    input: Annotated[float, msgspec.Meta(ge=0)] | None = None
    output: Annotated[float, msgspec.Meta(ge=0)] | None = None

    def of(self, usage: Usage) -> float | None:
        """Return the cost in USD, None if a price is unknown."""
        if self.input is None or self.output is None:
            return None
        return (usage.input_tokens * self.input + usage.output_tokens * self.output) / 1e6


class Chat(Block, frozen=True):
    """A model behind a URL. The key comes from the environment variable named `api_key_env`; null sends none.

    `temperature` and `max_tokens` are the paper's (greedy, 2500 tokens). `timeout` is the total deadline of one
    request in seconds. `attempts` counts those that may have been worked on; a 429 and a refused connection cost
    none. When every request fails for `patience` seconds, the run stops. `worked_example` shows one question and
    answer first, which small models need; `constrained` sends the recipe's grammar, which llama.cpp obeys.
    """

    model: str = "gpt-4o-mini"
    base_url: str | None = None
    api_key_env: Annotated[str, msgspec.Meta(pattern="^[A-Za-z_][A-Za-z0-9_]*$")] | None = "OPENAI_API_KEY"
    temperature: float | None = 0.0
    top_p: float | None = None
    max_tokens: Positive | None = 2500
    seed: int | None = None
    concurrency: Positive = 64
    timeout: Annotated[float, msgspec.Meta(gt=0)] = 600.0
    attempts: Positive = 5
    patience: Annotated[float, msgspec.Meta(ge=0)] = 60.0
    retry_timeouts: bool = True
    price: Price | None = None
    worked_example: bool = False
    constrained: bool = False

    delivery: ClassVar[frozenset[str]] = frozenset(
        {"base_url", "api_key_env", "concurrency", "timeout", "attempts", "patience", "retry_timeouts", "price"}
    )

    def __post_init__(self) -> None:
        """Refuse a URL that carries a secret or is none."""
        if self.base_url is not None and not self.base_url.startswith(("http://", "https://")):
            raise ValueError("base_url must begin with http:// or https://")
        if self.base_url and "@" in self.base_url.split("/")[2]:
            raise ValueError("base_url must not carry a user or password; name a variable in api_key_env")

    def sampling(self) -> Sampling:
        """Return the model and its parameters."""
        return Sampling(self.model, self.temperature, self.top_p, self.max_tokens, self.seed)

    def answer(self, prompts: AsyncIterator[Prompt]) -> AsyncGenerator[Reply | Failure, None]:
        """Yield one outcome per prompt as each becomes known; raise NotAuthorised without a key."""
        return answers(self, prompts, key=self.key())

    def check(self) -> None:
        """Raise NotAuthorised if a key is wanted and there is none."""
        self.key()

    def key(self) -> str:
        """Return the key; raise NotAuthorised if the variable is unset or holds what no header can."""
        if self.api_key_env is None:
            return NO_KEY
        key = os.environ.get(self.api_key_env, "").strip()
        if not key:
            raise NotAuthorised(
                f"no key: set the environment variable {self.api_key_env}, "
                "or generate.teacher.api_key_env: null for a server that needs none"
            )
        if not re.fullmatch("[!-~]+", key):
            raise NotAuthorised(f"the key in {self.api_key_env} has spaces, line ends or other odd characters in it")
        return key


async def answers(endpoint: Chat, prompts: AsyncIterator[Prompt], *, key: str) -> AsyncGenerator[Reply | Failure, None]:
    """Ask `endpoint` every prompt, `endpoint.concurrency` at a time; yield one outcome each."""
    async with _client(endpoint, key) as client:
        conversation = _Conversation(endpoint, client, key)
        async with aclosing(pool.outcomes(conversation.ask, prompts, endpoint.concurrency)) as stream:
            async for outcome in stream:
                yield outcome


def _client(endpoint: Chat, key: str) -> "AsyncOpenAI":
    """Return a client on aiohttp that neither retries nor follows redirects: both are decided here."""
    import httpx2
    from openai import AsyncOpenAI, DefaultAioHttpClient, Timeout

    limits = httpx2.Limits(max_connections=endpoint.concurrency, max_keepalive_connections=endpoint.concurrency)
    timeout = Timeout(endpoint.timeout, connect=30.0, pool=None)
    return AsyncOpenAI(
        api_key=key,
        base_url=endpoint.base_url or OPENAI,
        max_retries=0,
        timeout=timeout,
        http_client=DefaultAioHttpClient(
            follow_redirects=False, limits=limits, timeout=timeout, trust_env=not _is_loopback(endpoint.base_url)
        ),
    )


def _is_loopback(url: str | None) -> bool:
    """Whether no proxy can be meant, whatever the environment says."""
    return urlsplit(url or OPENAI).hostname in {"127.0.0.1", "localhost", "::1"}


class _Conversation:
    """Asks one endpoint; remembers whether it answers at all."""

    def __init__(self, endpoint: Chat, client: "AsyncOpenAI", key: str) -> None:
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
            said = error.response.text.replace(self._key, "[key]")
            wire.judge_status(error.status_code, said, error.response.headers, where=where)
        except (TimeoutError, APIConnectionError, ClientError) as error:
            raise self._trouble(error) from error
        return wire.read_answer(body.replace(self._key.encode(), b"[key]"), where=where)

    def _trouble(self, error: Exception) -> Retry | Refusal:
        """Tell a connection that failed from an answer that did not come in time."""
        connection = _below_http(error)
        if connection:
            return _connection_trouble(connection)
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
        return Failure(prompt.id, prompt.seed, kind, message.replace(self._key, "[key]"), final)

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
            model=answer.model or prompt.sampling.model,
            system_fingerprint=answer.system_fingerprint,
            attempts=attempts,
            seconds=round(seconds, 3),
        )


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


def _below_http(error: BaseException | None) -> Exception | None:
    """Return what aiohttp said, if that is the cause and no timeout: the client's own names for it mislead."""
    from aiohttp import ClientError, ServerTimeoutError

    while error is not None:
        if isinstance(error, ClientError) and not isinstance(error, ServerTimeoutError):
            return error
        error = error.__cause__
    return None


def _connection_trouble(error: Exception) -> Retry:
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


def model_names(chat: Chat) -> list[str]:
    """Ask the endpoint which models it has; empty if it does not say. Raises what a request would raise."""
    return asyncio.run(_model_names(chat))


async def _model_names(chat: Chat) -> list[str]:
    from openai import APIConnectionError, APIStatusError

    key = chat.key()
    async with _client(chat, key) as client:
        where = f"{chat.model} at {client.base_url}"
        try:
            body = await client.get("/models", cast_to=bytes, options={"timeout": 10.0})
        except APIConnectionError as error:
            said = _below_http(error) or error
            raise TeacherUnreachable(f"{where}: {_connection_trouble(said)}; is base_url right?") from error
        except APIStatusError as error:
            if error.status_code in {401, 403}:
                wire.judge_status(
                    error.status_code, error.response.text.replace(key, "[key]"), error.response.headers, where=where
                )
            return []
    return wire.read_model_names(body)
