"""A model behind OpenAI's embeddings protocol: OpenAI itself, vLLM, llama.cpp, Ollama, TEI, any compatible URL."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from magicoder_gen import addresses
from magicoder_gen.addresses import OPENAI, EnvironmentName, check_url
from magicoder_gen.embeddings.protocols import Vectors, shown
from magicoder_gen.records import Block, Positive

if TYPE_CHECKING:
    from magicoder_gen.embeddings.requests import Requests

BYTES_PER_TOKEN = 4  # where the server does not count them
SECTION = "embeddings"  # wherever it stands


class Endpoint(Block, frozen=True):
    """A model behind a URL (null: OpenAI's). The key comes from the variable named `api_key_env`; null sends none.

    `batch` texts make a request, `concurrency` requests are under way at a time, each for at most `timeout` seconds;
    one that fails is tried again, `attempts` times in all. `price` is in USD per million tokens; `max_cost` (USD)
    ends the command, with exit code 4, before what was embedded in all commands could cost more.
    """

    model: str = "text-embedding-3-small"
    base_url: str | None = None
    api_key_env: EnvironmentName | None = "OPENAI_API_KEY"
    batch: Positive = 64
    concurrency: Positive = 8
    timeout: Annotated[float, msgspec.Meta(gt=0)] = 60.0
    attempts: Positive = 6
    price: Annotated[float, msgspec.Meta(ge=0)] | None = None
    max_cost: Annotated[float, msgspec.Meta(gt=0)] | None = None

    def __post_init__(self) -> None:
        """Refuse a URL that is none or carries a secret, and a limit that nobody can keep."""
        check_url(self.base_url)
        if self.max_cost is not None and self.price is None:
            raise ValueError("max_cost cannot be kept without a price: set price, in USD per million tokens")

    @property
    def url(self) -> str:
        """The URL, with its default."""
        return self.base_url or OPENAI

    def title(self) -> str:
        """Return the model's name."""
        return self.model

    def identity(self) -> dict[str, Any]:
        """Return the model; where it is served does not matter."""
        return {"type": "endpoint", "model": self.model}

    def key(self) -> str | None:
        """Return the key, None if none is sent; raise NotAuthorised if it is missing."""
        return None if self.api_key_env is None else addresses.key(self.api_key_env, section=SECTION)

    def check(self) -> None:
        """Raise NotAuthorised if a key is wanted and there is none."""
        self.key()

    def at_most(self, texts: Sequence[str]) -> float | None:
        """Return the cost if every byte were a token, in USD."""
        return self._cost(sum(len(shown(text).encode("utf-8", "replace")) for text in texts))

    def vectors(self, texts: Sequence[str]) -> Iterator[Vectors]:
        """Yield a portion a request; raise NotAuthorised, UnknownModel, ConfigError, TryLater, TeacherUnreachable."""
        from magicoder_gen.embeddings.requests import Requests

        batches = [[shown(text) for text in texts[i : i + self.batch]] for i in range(0, len(texts), self.batch)]
        ended = threading.Event()
        pool = ThreadPoolExecutor(self.concurrency, thread_name_prefix="embeddings")
        with Requests(self, self.key(), ended=ended) as requests:
            try:
                yield from pool.map(lambda batch: self._of(batch, requests), batches)
            finally:
                ended.set()
                pool.shutdown(cancel_futures=True)

    def _of(self, batch: list[str], requests: "Requests") -> Vectors:
        import numpy as np

        rows, tokens = requests.embed(batch)
        if tokens is None:
            tokens = sum(-(-len(text.encode("utf-8", "replace")) // BYTES_PER_TOKEN) for text in batch)
        return Vectors(np.asarray(rows, np.float32), tokens, self._cost(tokens))

    def _cost(self, tokens: int) -> float | None:
        return None if self.price is None else tokens * self.price / 1e6
