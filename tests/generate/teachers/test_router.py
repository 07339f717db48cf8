"""Several endpoints: shares, health, and what is left when one is gone; over real sockets, and under a turned clock."""

import asyncio
import logging
import time
from collections import Counter
from contextlib import ExitStack

import msgspec
import pytest
from builders import ADesk, a_prompt, a_seed
from hypothesis import given
from hypothesis import strategies as st
from loopback import Behaviour, Server, completion, serving

from magicoder_gen.errors import NotAuthorised, TryLater
from magicoder_gen.generate.teachers import channel
from magicoder_gen.generate.teachers.channel import Channel
from magicoder_gen.generate.teachers.chat import Chat, answers
from magicoder_gen.generate.teachers.endpoints import Endpoint
from magicoder_gen.generate.teachers.router import Router, Seat
from magicoder_gen.generate.teachers.wire import Retry
from magicoder_gen.records import Failure, Reply

KEY = "canary-key-4711"
REFUSED = (401, {}, '{"error": {"message": "bad key"}}')
EMPTY = (429, {}, '{"error": {"message": "pay", "code": "insufficient_quota"}}')
OOPS = Retry("http_500", "oops")
BROKEN = (500, {"Retry-After": "0"}, "oops")


def ask(
    number: int, *behaviours: Behaviour, limits: tuple[dict[str, object], ...] = (), **options: object
) -> tuple[list[Reply | Failure], list[Server]]:
    """Ask prompts of several servers; return outcomes and servers."""
    with ExitStack() as stack:
        servers = [stack.enter_context(serving(behaviour)) for behaviour in behaviours]
        given = [*limits, *[{} for _ in servers]]
        endpoints = tuple(Endpoint(base_url=server.url, **own) for server, own in zip(servers, given, strict=False))
        chat = Chat(model="m", endpoints=endpoints, **options)
        desk = ADesk([a_prompt(a_seed(index=n), id=f"p{n}", content=f"prompt {n}") for n in range(number)])

        async def collect() -> list[Reply | Failure]:
            return [one async for one in answers(chat, desk, keys=[KEY] * len(servers))]

        return asyncio.run(collect()), servers


def good(prompt: str, number: int) -> object:
    """Answer."""
    return completion()


@pytest.mark.parametrize("trouble", [REFUSED, EMPTY, (404, {}, "{}")])
def test_an_endpoint_that_cannot_be_used_is_left_out(trouble: object, caplog: pytest.LogCaptureFixture) -> None:
    """One warning; every prompt is answered by the other, those too that met the trouble."""
    outcomes, (broken, other) = ask(40, lambda _p, _n: trouble, good, limits=({"concurrency": 4}, {"concurrency": 4}))
    assert all(isinstance(outcome, Reply) for outcome in outcomes)
    assert len({outcome.prompt_id for outcome in outcomes}) == 40
    assert broken.asked.total() <= 4
    assert other.asked.total() == 40
    assert len([line for line in caplog.records if "going on without it" in line.getMessage()]) == 1
    assert KEY not in caplog.text


def test_when_none_is_left_the_last_one_says_why() -> None:
    """The run ends with its error."""

    def empty_later(prompt: str, number: int) -> object:
        time.sleep(0.3)
        return EMPTY

    with pytest.raises(TryLater, match="quota"):
        ask(9, lambda _p, _n: REFUSED, empty_later)
    with pytest.raises(NotAuthorised):
        ask(9, lambda _p, _n: REFUSED, lambda _p, _n: REFUSED)


def test_one_that_fails_in_a_row_is_left_alone() -> None:
    """The other gets its share meanwhile; no prompt is lost."""
    limits = ({"concurrency": 2}, {"concurrency": 2})
    outcomes, (broken, other) = ask(60, lambda _p, _n: BROKEN, good, limits=limits, attempts=6)
    assert all(isinstance(outcome, Reply) for outcome in outcomes)
    assert broken.asked.total() <= channel.STREAK + 2
    assert other.asked.total() == 60


def test_a_limit_of_one_endpoint_is_no_limit_of_the_other() -> None:
    """Two a minute here, no limit there: here two at most, the rest there at once."""
    outcomes, (limited, free) = ask(50, good, good, limits=({"requests_per_minute": 2},))
    assert len(outcomes) == 50
    assert limited.asked.total() <= 2
    assert free.asked.total() >= 48


def test_requests_per_minute_hold_however_many_workers_there_are() -> None:
    """The first second of 600 a minute brings ten and a few, not as many as may be under way."""

    async def first_second(url: str) -> None:
        chat = Chat(model="m", base_url=url, requests_per_minute=600, concurrency=64)
        desk = ADesk([a_prompt(id=f"p{n}") for n in range(500)])
        async for _ in answers(chat, desk, keys=[KEY]):
            pass

    async def stopped(url: str) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(first_second(url), 1.0)

    with serving() as server:
        asyncio.run(stopped(server.url))
        assert 1 <= server.asked.total() <= 20


def test_the_last_prompt_does_not_wait_for_those_who_find_nothing_left() -> None:
    """With one a minute and one prompt, many workers end at once."""
    outcomes, _ = ask(1, good, limits=({"requests_per_minute": 1, "concurrency": 64},))
    assert len(outcomes) == 1


class Clock:
    """A time that stands still."""

    now = 0.0

    def __call__(self) -> float:
        """Tell it."""
        return self.now


async def always() -> bool:
    """Want a seat."""
    return True


def channels(*endpoints: Endpoint, clock: Clock) -> list[Channel]:
    """Channels that are not connected."""
    return [Channel(endpoint, Chat(model="m"), KEY, clock=clock) for endpoint in endpoints]


@given(weights=st.lists(st.sampled_from([0.5, 1.0, 2.0, 3.0, 7.0]), min_size=2, max_size=4))
def test_shares_are_as_weights(weights: list[float]) -> None:
    """Where every endpoint is free, to within one request."""

    async def shares() -> Counter[int]:
        clock = Clock()
        every = channels(*(Endpoint(weight=weight) for weight in weights), clock=clock)
        router = Router(every)
        counts: Counter[int] = Counter()
        for _ in range(400):
            seat = await router.seat(always)
            assert seat is not None
            counts[every.index(seat.channel)] += 1
            seat.channel.pacer.answered(seat.ticket)
            router.leave(seat)
        return counts

    counts = asyncio.run(shares())
    for place, weight in enumerate(weights):
        assert counts[place] == pytest.approx(400 * weight / sum(weights), abs=len(weights))


def test_one_that_was_left_alone_is_tried_with_one_request_and_then_trusted() -> None:
    """10 seconds, then one request; after it fails 20, after it succeeds all places."""

    async def story() -> None:
        clock = Clock()
        ill, well = channels(Endpoint(weight=100), Endpoint(concurrency=1), clock=clock)
        router = Router([ill, well])
        for _ in range(channel.STREAK):
            ill._fail(OOPS, sent=clock.now)
        assert [seat.channel for seat in await _seats(router, 1)] == [well]
        clock.now = 10.1
        seats = await _seats(router, 1)
        assert [seat.channel for seat in seats] == [ill]
        assert not ill.is_well
        ill._fail(OOPS, sent=clock.now)
        router.leave(seats[0])
        clock.now = 20.0
        assert not ill.is_well
        clock.now = 30.2
        assert ill.is_well

    async def _seats(router: Router, number: int) -> list[Seat]:
        seats = [await router.seat(always) for _ in range(number)]
        return [seat for seat in seats if seat]

    asyncio.run(story())


def test_requests_that_were_under_way_prolong_no_leave(caplog: pytest.LogCaptureFixture) -> None:
    """Sixty-four fail at once, some of them late: it is left alone for 10 seconds, which is said once.

    Then one is tried, though others still hang.
    """
    caplog.set_level(logging.INFO, "magicoder_gen")

    async def story() -> None:
        clock = Clock()
        ill, well = channels(Endpoint(weight=100), Endpoint(concurrency=1), clock=clock)
        router = Router([ill, well])
        seats = [await router.seat(always) for _ in range(64)]
        assert len([seat for seat in seats if seat and seat.channel is ill]) > 60
        for _ in range(63):
            ill._fail(OOPS, sent=0.0)
        clock.now = 10.1
        ill._fail(OOPS, sent=0.0)
        assert ill.under_way > 1
        seat = await router.seat(always)
        assert seat is not None
        assert seat.channel is ill
        assert not ill.is_well

    asyncio.run(story())
    assert [message.partition("; ")[2] for message in caplog.messages] == ["others are asked for 10 s"]


def test_a_success_ends_the_leave() -> None:
    """An answer to a request that was under way shows that the endpoint is back."""

    async def story(url: str) -> None:
        (one,) = channels(Endpoint(base_url=url, api_key_env=None), clock=Clock())
        for _ in range(channel.STREAK):
            one._fail(OOPS, sent=0.0)
        assert one.is_away
        async with one:
            await one.exchange(a_prompt(), one.pacer.sent())
        assert one.is_well

    with serving() as server:
        asyncio.run(story(server.url))


def test_where_there_is_no_other_endpoint_none_is_promised(caplog: pytest.LogCaptureFixture) -> None:
    """Neither with a single one, nor where the other is left out or away itself."""
    caplog.set_level(logging.INFO, "magicoder_gen")
    clock = Clock()
    (single,) = channels(Endpoint(), clock=clock)
    ill, out, away = channels(Endpoint(), Endpoint(), Endpoint(), clock=clock)
    Router([single])
    Router([ill, out, away])
    out.trouble = NotAuthorised("no")
    away._away_until = 10.0
    for one in (single, ill):
        for _ in range(channel.STREAK):
            one._fail(OOPS, sent=0.0)
        assert one.is_away
    assert not caplog.messages


def test_a_seat_that_is_not_wanted_any_more_is_none() -> None:
    """Who waits in line leaves when the run is over."""

    async def story() -> Seat | None:
        (only,) = channels(Endpoint(concurrency=1), clock=Clock())
        router = Router([only])
        taken = await router.seat(always)
        assert taken is not None
        wanted = [True, True, False]

        async def is_wanted() -> bool:
            router._left.set()
            return wanted.pop(0)

        return await router.seat(is_wanted)

    assert asyncio.run(story()) is None


def test_chat_options_reach_the_one_endpoint() -> None:
    """A teacher without a list of endpoints is one."""
    chat = Chat(base_url="http://127.0.0.1:1/v1", requests_per_minute=5, query={"a": "b"}, api_key_header="api-key")
    (one,) = chat.every_endpoint()
    assert msgspec.structs.asdict(one) | {"model": None, "weight": 1.0} == msgspec.structs.asdict(one)
    assert (one.requests_per_minute, one.query, one.api_key_header) == (5, {"a": "b"}, "api-key")
