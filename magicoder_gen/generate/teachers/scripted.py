"""A teacher that says what it is told: for tests and for trying a configuration without paying."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Annotated, ClassVar

import msgspec

from magicoder_gen.fingerprint import digest
from magicoder_gen.generate.teachers import pool
from magicoder_gen.records import Block, Failure, Positive, Prompt, Reply, Sampling, Usage


class Scripted(Block, frozen=True):
    """Answers the seed of index i with replies[i mod n] after `seconds`; costs nothing."""

    replies: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    seconds: float = 0.0
    concurrency: Positive = 8
    worked_example: bool = False
    constrained: bool = False

    delivery: ClassVar[frozenset[str]] = frozenset({"seconds", "concurrency"})

    def sampling(self) -> Sampling:
        """Return a model name that stands for the script."""
        return Sampling(f"scripted-{digest(self.replies)[:8]}")

    def check(self) -> None:
        """Pass: nothing can be missing."""

    def answer(self, prompts: AsyncIterator[Prompt]) -> AsyncGenerator[Reply | Failure, None]:
        """Yield one reply per prompt."""
        return pool.outcomes(self._ask, prompts, self.concurrency)

    async def _ask(self, prompt: Prompt) -> Reply:
        await asyncio.sleep(self.seconds)
        text = self.replies[prompt.seed.index % len(self.replies)]
        usage = Usage(0, 0)
        return Reply(
            prompt.id, prompt.seed, text, None, "stop", usage, 0.0, prompt.sampling.model, None, 1, self.seconds
        )
