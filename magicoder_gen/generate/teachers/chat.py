"""A teacher behind the OpenAI chat protocol: OpenAI itself, vLLM, SGLang, llama.cpp, Ollama, any compatible URL."""

import asyncio
import logging
import os
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Annotated, ClassVar
from urllib.parse import urlsplit

import msgspec

from magicoder_gen.errors import NotAuthorised, TeacherUnreachable
from magicoder_gen.generate.teachers import conversation, pool, wire
from magicoder_gen.records import Block, Failure, Options, Positive, Prompt, Reply, Sampling, Usage

if TYPE_CHECKING:
    from openai import AsyncOpenAI

logger = logging.getLogger("magicoder_gen")

NO_KEY = "no-key-needed"  # the client insists on one
OPENAI = "https://api.openai.com/v1"


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
        if self.base_url is None:
            return
        try:
            url = urlsplit(self.base_url)
            usable = url.scheme in {"http", "https"} and url.hostname and (url.port or 1)
        except ValueError:
            usable = False
        if not usable:
            raise ValueError("base_url must be like https://host:port/v1")
        if "@" in url.netloc:
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
        talk = conversation.Conversation(endpoint, client, key)
        async with aclosing(pool.outcomes(talk.ask, prompts, endpoint.concurrency)) as stream:
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
            said = conversation.below_http(error) or error
            raise TeacherUnreachable(f"{where}: {conversation.connection_trouble(said)}; is base_url right?") from error
        except APIStatusError as error:
            if error.status_code in {401, 403}:
                wire.judge_status(
                    error.status_code, error.response.text.replace(key, "[key]"), error.response.headers, where=where
                )
            return []
    return wire.read_model_names(body)
