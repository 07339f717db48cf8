"""Where a chat model is served: URL, key, and what that server bears."""

import os
import re
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec

from magicoder_gen.errors import NotAuthorised
from magicoder_gen.records import Options, Positive, Sampling

OPENAI = "https://api.openai.com/v1"
NO_KEY = "no-key-needed"  # the client insists on one

Rate = Annotated[float, msgspec.Meta(gt=0)]
EnvironmentName = Annotated[str, msgspec.Meta(pattern="^[A-Za-z_][A-Za-z0-9_]*$")]


class Endpoint(Options, frozen=True):
    """One server of the model, of several: its URL, its key, its limits.

    `weight` is its share of the requests relative to the others, as far as its limits let it. `model` is what this
    server calls the model, where that differs.
    """

    base_url: str | None = None
    api_key_env: EnvironmentName | None = "OPENAI_API_KEY"
    api_key_header: str | None = None
    query: dict[str, str] = {}
    model: str | None = None
    weight: Rate = 1.0
    concurrency: Positive = 64
    requests_per_minute: Rate | None = None
    tokens_per_minute: Rate | None = None

    def __post_init__(self) -> None:
        """Refuse a URL that is none or carries a secret."""
        check_url(self.base_url)

    @property
    def url(self) -> str:
        """The URL, with its default."""
        return self.base_url or OPENAI

    @property
    def is_loopback(self) -> bool:
        """Whether no proxy can be meant, whatever the environment says."""
        return urlsplit(self.url).hostname in {"127.0.0.1", "localhost", "::1"}

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


def check_extra(extra: dict[str, Any]) -> None:
    """Raise ValueError for a field of the request that has a key of its own, or that bills more than is asked for."""
    own = {field for field in Sampling.__struct_fields__ if field != "extra"} | {"messages", "stream", "stream_options"}
    for name in extra:
        if name in own:
            raise ValueError(f"extra must not hold {name}: set generate.teacher.{name}")
        if name in {"n", "best_of"}:
            raise ValueError(f"extra must not hold {name}: set generate.answers_per_seed")


def check_url(url: str | None) -> None:
    """Raise ValueError for a URL that is none or carries a secret."""
    if url is None:
        return
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and parts.hostname and (parts.port or 1)
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("base_url must be like https://host:port/v1")
    if "@" in parts.netloc:
        raise ValueError("base_url must not carry a user or password; name a variable in api_key_env")
    if parts.query or parts.fragment:
        raise ValueError("base_url must not carry a query; what follows the ? goes into `query`, a key never does")
