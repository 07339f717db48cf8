"""Many at once, each exactly once, and nothing that was answered gets lost."""

import asyncio

import pytest
from builders import a_prompt, a_reply
from hypothesis import given
from hypothesis import strategies as st

from magicoder_gen.errors import TryLater
from magicoder_gen.generate.teachers import pool
from magicoder_gen.records import Failure, Prompt, Reply


async def collected(number: int, size: int, *, broken: int | None = None) -> list[Reply | Failure]:
    """Ask `number` prompts; the one called `broken` ends the run."""

    async def ask(prompt: Prompt) -> Reply:
        await asyncio.sleep(0)
        if prompt.id == f"p{broken}":
            raise TryLater("no more")
        return a_reply(prompt_id=prompt.id)

    outcomes: list[Reply | Failure] = []
    try:
        async for outcome in pool.outcomes(ask, Shared(number), size):
            outcomes.append(outcome)  # noqa: PERF401  # what came before the error counts
    except TryLater:
        assert broken is not None
    return outcomes


class Shared:
    """Prompts for several workers; an asynchronous generator serves one at a time."""

    def __init__(self, number: int) -> None:
        self._prompts = iter([a_prompt(id=f"p{n}") for n in range(number)])

    def __aiter__(self) -> "Shared":
        return self

    async def __anext__(self) -> Prompt:
        for prompt in self._prompts:
            return prompt
        raise StopAsyncIteration


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
        stream = pool.outcomes(_never, Shared(5), 3)
        task = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await stream.aclose()
        return len(asyncio.all_tasks())

    assert asyncio.run(leave()) == 1


async def _never(_prompt: Prompt) -> Reply:
    await asyncio.sleep(60)
    raise AssertionError
