"""Run the generate stage in this process, with a teacher that does what a test says and bills what it sends."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any, ClassVar

from builders import AN_ANSWER, a_seed

from magicoder_gen.clean.parse import parse
from magicoder_gen.generate import journal, stage
from magicoder_gen.generate.options import GenerateOptions
from magicoder_gen.generate.prices import Price
from magicoder_gen.generate.protocols import Desk, Outcome
from magicoder_gen.generate.teachers import pool
from magicoder_gen.records import Block, Counts, Failure, Intent, Prompt, Reply, Sampling, Seed, Traffic, Usage
from magicoder_gen.storage import shards
from magicoder_gen.storage.rundir import RunDir, StageEntry
from magicoder_gen.storage.shards import Layout

Say = Callable[[Prompt], Outcome | None]


class Quiet:
    """Wants to know nothing."""

    def update(
        self, done: int, total: int | None = None, *, in_flight: int = 0, traffic: Traffic | None = None
    ) -> None:
        """Take no note."""


class Told(Block, frozen=True):
    """Says what `say` says; None means that the answer was paid and lost, and is asked for again if that may be."""

    say: Say
    model: str = "test-model"
    temperature: float | None = None
    seed: int | None = None
    max_tokens: int | None = 100
    extra: dict[str, Any] = {}
    price: Price | None = None
    concurrency: int = 4
    worked_example: bool = False
    constrained: bool = False

    delivery: ClassVar[frozenset[str]] = frozenset({"say", "price", "concurrency"})

    def check(self) -> None:
        """Pass."""

    def sampling(self) -> Sampling:
        """Return what prompts carry."""
        return Sampling(self.model, self.temperature, None, self.max_tokens, self.seed, extra=self.extra)

    def known_price(self) -> Price | None:
        """Return what a test set."""
        return self.price

    def answer(self, desk: Desk) -> AsyncGenerator[Outcome, None]:
        """Yield what is said."""

        async def next_outcome() -> Outcome | None:
            prompt = await desk.take()
            return await self._ask(prompt, desk) if prompt else None

        return pool.outcomes(next_outcome, desk, self.concurrency)

    async def _ask(self, prompt: Prompt, desk: Desk) -> Outcome:
        await asyncio.sleep(0)
        while (outcome := self.say(prompt)) is None:
            if not await desk.again(prompt):
                return failed(prompt, uncertain=True)
        await asyncio.sleep(0)
        return outcome


def replied(
    prompt: Prompt, text: str = AN_ANSWER, *, finish_reason: str = "stop", usage: Usage | None = None, cost: float = 0.0
) -> Reply:
    """An answer to a prompt."""
    return Reply(
        prompt.id,
        prompt.seed,
        text,
        None,
        finish_reason,
        usage or Usage(10, 20),
        cost,
        prompt.sampling.model,
        None,
        1,
        0.5,
        number=prompt.number,
        redo_of=prompt.redo_of,
    )


def failed(prompt: Prompt, *, final: bool = False, uncertain: bool = False) -> Failure:
    """No answer."""
    kind = "context_length" if final else "timeout"
    return Failure(prompt.id, prompt.seed, kind, "oops", final, uncertain, prompt.number, prompt.redo_of)


class Asked:
    """Answers every prompt, and remembers what was asked."""

    def __init__(self, say: Say = replied) -> None:
        self.prompts: list[Prompt] = []
        self._say = say

    def __call__(self, prompt: Prompt) -> Outcome | None:
        """Note it."""
        self.prompts.append(prompt)
        return self._say(prompt)

    @property
    def counted(self) -> Counter[str]:
        """How often each was asked."""
        return Counter(prompt.id for prompt in self.prompts)

    @property
    def seeds(self) -> list[int]:
        """The seeds that were asked, in order."""
        return sorted(prompt.seed.index for prompt in self.prompts)


def seeded(root: Path, number: int, *, same: int = 0) -> RunDir:
    """A run whose sample stage has drawn so many seeds; the last `same` of them have one text."""
    run = RunDir(root)
    texts = [f"x = {index}\n" if index < number - same else "same = 1\n" for index in range(number)]
    made: list[Seed] = [a_seed(text, id=f"s{index}", index=index) for index, text in enumerate(texts)]
    root.mkdir(parents=True, exist_ok=True)
    run.begin("sample", {"num": number})
    parts = shards.write_parts(run.folder("seeds"), made, Layout())
    run.finish("sample", state="complete", counts=Counts(number, number, {}), parts={"seeds": parts}, seconds=0.0)
    return run


def accepts(reply: Reply) -> bool:
    """Whether there is a problem with a solution in it."""
    return not isinstance(parse(reply), str)


def generated(
    run: RunDir,
    say: Say = replied,
    *,
    teacher: Told | None = None,
    allow_drift: bool = False,
    accepts: Callable[[Reply], bool] = accepts,
    **changes: Any,
) -> StageEntry:
    """Run the stage once; `changes` of the teacher's fields go to it, others to the stage's options."""
    fields = {name: changes.pop(name) for name in Told.__struct_fields__ if name in changes}
    options = GenerateOptions(teacher=teacher or Told(say=say, **fields), **changes)  # type: ignore[arg-type]
    return stage.run(options, run, progress=Quiet(), accepts=accepts, allow_drift=allow_drift)


def journaled(run: RunDir) -> list[Intent | Reply | Failure]:
    """Everything in the journal."""
    return [entry for entry, _, _ in journal.entries(run.folder("replies"))]


def intents(run: RunDir) -> Counter[str]:
    """How often each prompt was sent, as far as the journal knows."""
    return Counter(entry.prompt_id for entry in journaled(run) if isinstance(entry, Intent))


def answers(run: RunDir) -> list[Reply]:
    """What the next stage gets."""
    return list(stage.replies(run)[1])
