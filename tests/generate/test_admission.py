"""Prompts are let through one by one, each with its intent on disk, until a limit says no."""

import asyncio
from pathlib import Path

import pytest
from builders import a_prompt

from magicoder_gen.generate import journal
from magicoder_gen.generate.admission import Admission, Limits
from magicoder_gen.generate.journal import Journal, State
from magicoder_gen.records import Prompt


def admitted(folder: Path, number: int, limits: Limits, *, times: list[float] | None = None) -> tuple[int, str | None]:
    """Offer `number` prompts; return how many were let through, and the limit that stopped the others."""
    clock = iter(times or [0.0] * 1000)

    async def take(admission: Admission) -> list[Prompt]:
        return [prompt async for prompt in admission]

    with Journal(folder, shard_bytes=1 << 20) as writer:
        prompts = iter([a_prompt(id=f"p{n}") for n in range(number)])
        admission = Admission(prompts, writer, State(), limits, clock=lambda: next(clock))
        return len(asyncio.run(take(admission))), admission.limit_reached


def test_every_admitted_prompt_has_its_intent(tmp_path: Path) -> None:
    """Before the teacher gets it."""
    assert admitted(tmp_path, 3, Limits()) == (3, None)
    assert journal.scan(tmp_path).open == {"p0", "p1", "p2"}


@pytest.mark.parametrize(
    ("offered", "expected"),
    [(5, (3, "generate.limits.max_requests=3")), (3, (3, None)), (2, (2, None))],
)
def test_requests_are_counted(tmp_path: Path, offered: int, expected: tuple[int, str | None]) -> None:
    """A limit that is just enough is not reached."""
    assert admitted(tmp_path, offered, Limits(max_requests=3)) == expected


def test_time_is_kept(tmp_path: Path) -> None:
    """By the clock that is passed in: 0 at the start, then one reading a prompt."""
    times = [0.0, 1.0, 9.9, 10.0, 11.0]
    assert admitted(tmp_path, 5, Limits(max_duration=10), times=times) == (2, "generate.limits.max_duration=10")
