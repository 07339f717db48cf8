"""Many at once, each exactly once, and nothing that was answered gets lost."""

import asyncio

import pytest
from builders import ADesk, a_prompt, a_reply
from hypothesis import given
from hypothesis import strategies as st

from magicoder_gen.errors import TryLater
from magicoder_gen.generate.teachers import pool
from magicoder_gen.records import Failure, Reply


async def collected(number: int, size: int, *, broken: int | None = None) -> list[Reply | Failure]:
    """Ask `number` prompts; the one called `broken` ends the run."""
    desk = ADesk([a_prompt(id=f"p{n}") for n in range(number)])

    async def next_outcome() -> Reply | None:
        prompt = await desk.take()
        await asyncio.sleep(0)
        if prompt and prompt.id == f"p{broken}":
            failure = Failure(prompt.id, prompt.seed, "run_stopped", "no more", final=False)
            raise pool.Stopped(failure) from TryLater("no more")
        return a_reply(prompt_id=prompt.id) if prompt else None

    outcomes: list[Reply | Failure] = []
    try:
        async for outcome in pool.outcomes(next_outcome, desk, size):
            outcomes.append(outcome)  # noqa: PERF401  # what came before the error counts
    except TryLater:
        assert broken is not None
    return outcomes


@given(number=st.integers(0, 30), size=st.integers(1, 8))
def test_each_prompt_has_exactly_one_outcome(number: int, size: int) -> None:
    """Whatever the number of workers."""
    outcomes = asyncio.run(collected(number, size))
    assert sorted(outcome.prompt_id for outcome in outcomes) == sorted(f"p{n}" for n in range(number))


@given(number=st.integers(1, 30), size=st.integers(1, 8))
def test_what_was_taken_has_an_outcome_when_the_run_ends_early(number: int, size: int) -> None:
    """The prompt that met the error is a failure that may be asked again; no prompt is taken after it."""
    outcomes = asyncio.run(collected(number, size, broken=0))
    failures = [outcome for outcome in outcomes if isinstance(outcome, Failure)]
    assert [(failure.prompt_id, failure.final) for failure in failures] == [("p0", False)]
    assert len(outcomes) <= 2 * size


def test_leaving_early_ends_the_workers() -> None:
    """No task is left behind."""

    async def leave() -> int:
        stream = pool.outcomes(_never, ADesk([a_prompt()] * 5), 3)
        task = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await stream.aclose()
        return len(asyncio.all_tasks())

    assert asyncio.run(leave()) == 1


async def _never() -> Reply | None:
    await asyncio.sleep(60)
    raise AssertionError
