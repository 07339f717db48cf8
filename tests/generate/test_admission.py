"""Prompts are let through one by one, each with its intent on disk, until a limit says no."""

import asyncio
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from builders import a_prompt, a_reply

from magicoder_gen.generate import journal
from magicoder_gen.generate.admission import Admission
from magicoder_gen.generate.index import Index
from magicoder_gen.generate.limits import Limits
from magicoder_gen.generate.prices import Price
from magicoder_gen.generate.writer import Writer
from magicoder_gen.records import Failure, Prompt, Sampling


def admitted(folder: Path, number: int, limits: Limits, *, times: list[float] | None = None) -> tuple[int, str | None]:
    """Offer `number` prompts; return how many were let through, and the limit that stopped the others."""
    clock = iter(times or [0.0] * 1000)

    async def take(admission: Admission) -> list[Prompt]:
        taken = []
        while (prompt := await admission.take()) is not None:
            taken.append(prompt)
        return taken

    with Index.writing(folder) as index, Writer(folder, shard_bytes=1 << 20) as writer:
        prompts = iter([a_prompt(id=f"p{n}") for n in range(number)])
        admission = Admission(prompts, writer, index, limits, clock=lambda: next(clock))
        taken, reached = len(asyncio.run(take(admission))), admission.limit_reached
        return taken, reached.what if reached else None


def test_every_admitted_prompt_has_its_intent(tmp_path: Path) -> None:
    """Before the teacher gets it."""
    assert admitted(tmp_path, 3, Limits()) == (3, None)
    with Index.reading(tmp_path) as index:
        assert index.open.keys() == {"p0", "p1", "p2"}


@pytest.mark.parametrize(
    ("offered", "expected"),
    [(5, (3, "generate.limits.max_requests=3 reached")), (3, (3, None)), (2, (2, None))],
)
def test_requests_are_counted(tmp_path: Path, offered: int, expected: tuple[int, str | None]) -> None:
    """A limit that is just enough is not reached."""
    assert admitted(tmp_path, offered, Limits(max_requests=3)) == expected


def test_time_is_kept(tmp_path: Path) -> None:
    """By the clock that is passed in: 0 at the start, then one reading a prompt."""
    times = [0.0, 1.0, 9.9, 10.0, 11.0]
    assert admitted(tmp_path, 5, Limits(max_duration=10), times=times) == (2, "generate.limits.max_duration=10 reached")


def bounded(prompt_id: str = "p0") -> Prompt:
    """A prompt whose answer has 100 tokens at most: 1 USD, at the price of these tests."""
    prompt = a_prompt(id=prompt_id)
    return msgspec.structs.replace(prompt, sampling=Sampling("test-model", max_tokens=100))


class Crowd:
    """Many workers at one desk; what is under way ends one by one, when a test says so."""

    def __init__(self, folder: Path, limits: Limits, *, prompts: int = 20, workers: int = 32) -> None:
        self.under_way: dict[str, asyncio.Event] = {}
        self.looks = 0
        self._index = Index.writing(folder)
        self._writer = Writer(folder, shard_bytes=1 << 20)
        self._limits = limits
        self._prompts = [bounded(f"p{number}") for number in range(prompts)]
        self._workers = workers

    async def work(self, desk: Admission) -> None:
        """Take prompts as long as there may be more."""
        while await desk.more():
            prompt = await desk.take()
            if prompt:
                self.under_way[prompt.id] = asyncio.Event()
                await self.under_way[prompt.id].wait()

    def look(self) -> float:
        """Be the clock, which every look at the desk reads."""
        self.looks += 1
        return 0.0

    async def _quiet(self, desk: Admission) -> None:
        """Return when everybody waits: intents are durable, however slow the disk, and their workers have gone on."""
        for _ in range(3):
            await desk.flush()
            for _ in range(5):
                await asyncio.sleep(0)

    async def run(self, each: Callable[[Admission], None]) -> Admission:
        """Let all work until the desk has no more; `each` is called whenever nothing moves."""
        with self._index, self._writer:
            price = Price(input=0.0, output=10_000.0)
            desk = Admission(iter(self._prompts), self._writer, self._index, self._limits, price=price, clock=self.look)
            workers = [asyncio.create_task(self.work(desk)) for _ in range(self._workers)]
            for _ in range(len(self._prompts) + 1):
                await self._quiet(desk)
                each(desk)
                for prompt_id in list(self.under_way)[:1]:
                    desk.settle(a_reply(prompt_id=prompt_id))
                    self.under_way.pop(prompt_id).set()
            await asyncio.wait_for(asyncio.gather(*workers), 10)
            return desk


@pytest.mark.parametrize(
    ("limits", "together", "sent"),
    [
        (Limits(), 20, 20),
        (Limits(max_requests=3), 3, 3),
        (Limits(max_requests=3, max_duration=1e9), 3, 3),
        (Limits(target_accepted=2), 2, 20),
        (Limits(target_accepted=2, max_requests=5), 2, 5),
        (Limits(max_cost=3.5), 3, 20),
    ],
)
def test_many_workers_end_together(tmp_path: Path, limits: Limits, together: int, sent: int) -> None:
    """None waits for ever, none asks more than may be under way, and who waits does nothing meanwhile."""
    crowd = Crowd(tmp_path, limits)
    looks: list[int] = []

    def check(desk: Admission) -> None:
        assert len(crowd.under_way) == desk.in_flight <= together
        looks.append(crowd.looks)

    asyncio.run(crowd.run(check))
    with Index.reading(tmp_path) as index:
        assert index.totals.requests == index.totals.replies == sent
    assert max(after - before for before, after in pairwise(looks)) <= 32 * 4


def test_a_retry_that_may_be_paid_is_on_the_bill(tmp_path: Path) -> None:
    """It is refused where the budget does not cover both requests, and where no request is left."""

    async def tried(limits: Limits) -> tuple[bool, bool]:
        folder = tmp_path / str(limits)
        with Index.writing(folder) as index, Writer(folder, shard_bytes=1 << 20) as writer:
            desk = Admission(iter([bounded()]), writer, index, limits, price=Price(input=0.0, output=10_000.0))
            prompt = await desk.take()
            assert prompt
            return await desk.again(prompt), await desk.again(prompt)

    assert asyncio.run(tried(Limits())) == (True, True)
    assert asyncio.run(tried(Limits(max_cost=2.5))) == (True, False)
    assert asyncio.run(tried(Limits(max_requests=2))) == (True, False)


def test_what_is_settled_has_its_moment(tmp_path: Path) -> None:
    """By the clock that is passed in, in whole seconds: equal answers make journals of equal length."""
    outcomes = [a_reply(prompt_id="p0"), Failure("p1", a_prompt().seed, "timeout", "oops", final=True)]
    now = iter([1_764_000_000.12345, 1_764_000_001.0])
    with Index.writing(tmp_path) as index, Writer(tmp_path, shard_bytes=1 << 20) as writer:
        desk = Admission(iter(()), writer, index, Limits(), now=lambda: next(now))
        for outcome in outcomes:
            desk.settle(outcome)
    found = [entry for entry, _, _ in journal.entries(tmp_path)]
    assert found == [
        msgspec.structs.replace(outcomes[0], at=1_764_000_000),
        msgspec.structs.replace(outcomes[1], at=1_764_000_001.0),
    ]
