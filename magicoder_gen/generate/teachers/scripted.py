"""A teacher that says what it is told: for tests and for trying a configuration without paying."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Annotated, ClassVar

import msgspec

from magicoder_gen.fingerprint import digest
from magicoder_gen.generate.prices import FREE, Price
from magicoder_gen.generate.protocols import Desk, Outcome
from magicoder_gen.generate.teachers import pool
from magicoder_gen.records import Block, Prompt, Reply, Sampling, Usage


class Scripted(Block, frozen=True):
    """Answers the seed of index i with replies[i mod n] after `seconds`; costs nothing."""

    replies: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    seconds: float = 0.0
    concurrency: Annotated[int, msgspec.Meta(ge=1)] = 8
    worked_example: bool = False
    constrained: bool = False

    delivery: ClassVar[frozenset[str]] = frozenset({"seconds", "concurrency"})

    def sampling(self) -> Sampling:
        """Return a model name that stands for the script."""
        return Sampling(f"scripted-{digest(self.replies)[:8]}")

    def known_price(self) -> Price | None:
        """Return that it costs nothing."""
        return FREE

    def check(self) -> None:
        """Pass: nothing can be missing."""

    def answer(self, desk: Desk) -> AsyncGenerator[Outcome, None]:
        """Yield one reply per prompt."""

        async def next_outcome() -> Outcome | None:
            prompt = await desk.take()
            return await self._ask(prompt) if prompt else None

        return pool.outcomes(next_outcome, desk, self.concurrency)

    async def _ask(self, prompt: Prompt) -> Reply:
        await asyncio.sleep(self.seconds)
        text = self.replies[prompt.seed.index % len(self.replies)]
        return Reply(
            prompt_id=prompt.id,
            seed=prompt.seed,
            text=text,
            reasoning=None,
            finish_reason="stop",
            usage=Usage(0, 0),
            cost=0.0,
            model=prompt.sampling.model,
            system_fingerprint=None,
            attempts=1,
            seconds=self.seconds,
            number=prompt.number,
            redo_of=prompt.redo_of,
        )
