"""The embedded teacher: a small model run by llama.cpp on this machine's processor. No key, no network, no price."""

import functools
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Annotated, ClassVar

import msgspec

from magicoder_gen.generate import models
from magicoder_gen.generate.prices import FREE, Price
from magicoder_gen.generate.protocols import Desk, Outcome
from magicoder_gen.generate.teachers import chat, llama_server
from magicoder_gen.generate.teachers.chat import Chat
from magicoder_gen.records import Block, Positive, Sampling

_PROMPT_ROOM = 3072
"""Tokens of context beside the answer: the recipe's turns take some 500, fifteen very long lines the rest."""


class Local(Block, frozen=True):
    """A GGUF file answers: `model`, or where it is null the best small one that can be had (see models.py).

    `slots` answers are written at a time; only with one are they repeatable, since llama.cpp's arithmetic
    depends on what shares a batch. `threads` null means the physical cores that are free. `max_tokens` ends small
    models that repeat themselves; a problem and its solution seldom need more. `worked_example` shows one
    question and answer first, `constrained` sends the recipe's grammar; without them small models miss the format.
    """

    model: Path | None = None
    threads: Positive | None = None
    slots: Positive = 1
    temperature: Annotated[float, msgspec.Meta(ge=0)] = 0.7
    top_p: float | None = None
    max_tokens: Positive = 600
    seed: int = 976
    worked_example: bool = True
    constrained: bool = True

    delivery: ClassVar[frozenset[str]] = frozenset({"threads", "slots"})

    def check(self) -> None:
        """Raise ConfigError if llama.cpp or the given model file is missing; fetches nothing."""
        llama_server.require_xllamacpp()
        models.outlook(self.model)

    def sampling(self) -> Sampling:
        """Return the model and its parameters; finds the model, which may mean fetching it."""
        return self.sampling_of(_model(self.model).name)

    def sampling_of(self, name: str) -> Sampling:
        """Return the parameters for the model of that name, without looking for its file."""
        return Sampling(
            model=name,
            temperature=self.temperature,
            top_p=self.top_p,
            max_tokens=self.max_tokens,
            seed=self.seed,
            # Without it small models loop and copy the worked example.
            dry_multiplier=0.8,
            dry_allowed_length=8,  # tokens; code repeats shorter idioms rightly
            dry_penalty_last_n=self._context,  # look back over the whole prompt
        )

    @property
    def _context(self) -> int:
        """Tokens per slot."""
        return self.max_tokens + _PROMPT_ROOM

    def known_price(self) -> Price | None:
        """Return that it costs nothing."""
        return FREE

    async def answer(self, desk: Desk) -> AsyncGenerator[Outcome, None]:
        """Yield one outcome per prompt, in order with one slot; the server lives as long as the iterator."""
        model = _model(self.model)
        server = llama_server.started(
            model.path,
            name=model.name,
            threads=self.threads or llama_server.free_threads(),
            slots=self.slots,
            context=self._context,
        )
        async with server as running, aclosing(self._ask(running, desk)) as outcomes:
            async for outcome in outcomes:
                yield outcome

    def _ask(self, server: llama_server.LlamaServer, desk: Desk) -> AsyncGenerator[Outcome, None]:
        endpoint = Chat(
            base_url=f"{server.url}/v1",
            concurrency=self.slots,
            timeout=3600.0,  # seconds; a request given up goes on in llama.cpp and slows the others
            idle_timeout=3600.0,
            retry_timeouts=False,
            patience=5.0,  # a server that died does not come back
            price=FREE,
        )
        return chat.answers(endpoint, desk, keys=[server.key])


@functools.cache
def _model(given: Path | None) -> models.Model:
    """Find the model once per process: both methods need it, and finding reads the whole file."""
    return models.find(given)
