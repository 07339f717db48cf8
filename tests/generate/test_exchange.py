"""One sitting: raw before judged, an end that waits for what is under way, and no longer than it may."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from generating import Asked, Told, generated, intents, journaled, replied, seeded

from magicoder_gen.errors import LimitReached, TryLater
from magicoder_gen.generate.limits import Limits
from magicoder_gen.generate.protocols import Desk, Outcome
from magicoder_gen.generate.teachers import pool
from magicoder_gen.records import Prompt, Reply


class Hanging(Told, frozen=True):
    """Answers the first seeds; the others it never does."""

    answered: int = 0

    def answer(self, desk: Desk) -> AsyncGenerator[Outcome, None]:
        """Yield what is said, or nothing."""

        async def next_outcome() -> Outcome | None:
            prompt = await desk.take()
            if prompt and prompt.seed.index >= self.answered:
                self.say(prompt)
                await asyncio.sleep(3600)
            return self.say(prompt) if prompt else None

        return pool.outcomes(next_outcome, desk, self.concurrency)


def test_an_answer_is_journaled_before_anybody_looks_into_it(tmp_path: Path) -> None:
    """Whatever a parser makes of it."""

    def break_down(reply: Reply) -> bool:
        raise ZeroDivisionError(reply.prompt_id)

    run = seeded(tmp_path, 1)
    with pytest.raises(ZeroDivisionError):
        generated(run, limits=Limits(target_accepted=1), accepts=break_down)
    assert sum(isinstance(entry, Reply) for entry in journaled(run)) == 1


def test_time_that_is_over_ends_the_stage_also_while_nothing_comes(tmp_path: Path) -> None:
    """After the grace, requests under way are left; they are asked again later, what was answered is not."""
    run, asked = seeded(tmp_path, 6), Asked()
    limits = Limits(max_duration=0.2, grace=0.1)
    with pytest.raises(LimitReached, match=r"=0\.2 reached; 4 prompts left; the same command goes on"):
        generated(run, asked, teacher=Hanging(say=asked, answered=2, concurrency=2), limits=limits)
    counts = run.stages()["generate"].counts
    assert counts is not None
    assert counts.reasons == {"not_asked": 2, "unanswered": 2}
    assert generated(run, asked).counts.kept == 6
    assert asked.seeds == [0, 1, 2, 2, 3, 3, 4, 5]


def test_an_error_of_the_teacher_loses_nothing(tmp_path: Path) -> None:
    """What was answered before is kept; the same command goes on."""
    run = seeded(tmp_path, 4)

    def say(prompt: Prompt) -> Outcome:
        if prompt.seed.index == 2:
            raise TryLater("quota exhausted")
        return replied(prompt)

    with pytest.raises(TryLater):
        generated(run, say, concurrency=1)
    asked = Asked()
    assert generated(run, asked).counts.kept == 4
    assert asked.seeds == [2, 3]
    assert intents(run).total() == 5
