"""The pace of one endpoint under a clock that tests turn."""

import heapq
import math
from collections import deque
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magicoder_gen.fingerprint import rng
from magicoder_gen.generate.teachers import pacing
from magicoder_gen.generate.teachers.pacing import Pacer, Ticket


class Clock:
    """A time that stands still."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Tell it."""
        return self.now


class Bucket:
    """An endpoint that turns away what is over its limit, and says so in headers or not."""

    def __init__(self, *, per_second: float, burst: float, headers: bool = False) -> None:
        self.per_second = per_second
        self.turned_away = 0
        self._burst = self._left = burst
        self._at = 1000.0
        self._headers = headers

    def takes(self, now: float) -> bool:
        """Whether it lets a request in."""
        self._left = min(self._burst, self._left + (now - self._at) * self.per_second)
        self._at = now
        if self._left < 1:
            self.turned_away += 1
            return False
        self._left -= 1
        return True

    def headers(self) -> dict[str, str]:
        """What it says now."""
        said = {
            "limit": f"{self.per_second * 60:.0f}",
            "remaining": f"{int(self._left)}",
            "reset": f"{round((self._burst - self._left) / self.per_second * 1000)}ms",
        }
        return {f"x-ratelimit-{name}-requests": value for name, value in said.items()} if self._headers else {}


class Crowd:
    """Workers that send prompts through a pacer, as the pool does, in simulated time."""

    def __init__(self, *, seats: int = 256, workers: int = 512, latency: float = 0.2, **options: float) -> None:
        self.clock = Clock()
        self.pacer = Pacer(clock=self.clock, **options)
        self.sent_at: list[float] = []
        self.done_at: list[float] = []
        self._seats = seats
        self._workers = workers
        self._latency = latency
        self._random = rng(976, "crowd")
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._number = 0

    def run(
        self, prompts: int, lets_in: Callable[[float], bool], headers: Callable[[], dict[str, str]] = dict
    ) -> float:
        """Return the seconds until all are answered."""
        began, fresh, again = self.clock.now, prompts, deque[int]()
        waiting = 0

        def settle(ticket: Ticket, tries: int, *, good: bool) -> None:
            nonlocal waiting
            self._seats += 1
            self.pacer.answered(ticket, turned_away=not good, headers=headers())
            if good:
                self._workers += 1
                self.done_at.append(self.clock.now)
            else:
                waiting += 1
                self._at(self._random.uniform(0, min(2**tries, 60)), lambda: again.append(tries + 1))

        while len(self.done_at) < prompts:
            while self._seats and (again or (fresh and self._workers)) and self.pacer.delay() <= 0:
                tries = again.popleft() if again else 0
                if tries == 0:
                    fresh, self._workers = fresh - 1, self._workers - 1
                self._seats -= 1
                self.sent_at.append(self.clock.now)
                ticket, good = self.pacer.sent(), lets_in(self.clock.now)
                self._at(self._latency if good else 0.005, lambda t=ticket, n=tries, g=good: settle(t, n, good=g))
            self._advance(wants=bool(self._seats and (again or (fresh and self._workers))))
        return self.clock.now - began

    def _at(self, seconds: float, act: Callable[[], None]) -> None:
        self._number += 1
        heapq.heappush(self._events, (self.clock.now + seconds, self._number, act))

    def _advance(self, *, wants: bool) -> None:
        """Go to the next thing that happens, or to when the pacer lets another go."""
        turn = self.clock.now + max(self.pacer.delay(), 1e-6) if wants else math.inf
        if self._events and self._events[0][0] <= turn:
            self.clock.now, _, act = heapq.heappop(self._events)
            act()
        else:
            assert turn < math.inf, "nobody will ever go on"
            self.clock.now = turn


def most_in(window: float, times: list[float], weights: list[float]) -> float:
    """The largest sum of weights in any half-open window."""
    most, first, held = 0.0, 0, 0.0
    for last, at in enumerate(times):
        held += weights[last]
        while times[first] <= at - window:
            held -= weights[first]
            first += 1
        most = max(most, held)
    return most


def test_a_hard_limit_is_found_by_what_gets_through() -> None:
    """6 000 a minute, 100 at once, 256 in flight, 200 ms, not a word about it: the full rate, few in vain."""
    endpoint, crowd = Bucket(per_second=100, burst=100), Crowd()
    assert crowd.run(2000, endpoint.takes) <= 1.05 * 20
    assert endpoint.turned_away <= 0.25 * 2000


def test_a_hard_limit_is_kept_where_headers_tell_it() -> None:
    """The same with x-ratelimit headers: hardly any in vain."""
    endpoint, crowd = Bucket(per_second=100, burst=100, headers=True), Crowd()
    assert crowd.run(2000, endpoint.takes, endpoint.headers) <= 1.05 * 20
    assert endpoint.turned_away <= 0.01 * 2000


@pytest.mark.parametrize("latency", [0.2, 5.0, 40.0])
def test_the_rate_is_found_however_long_an_answer_takes(latency: float) -> None:
    """What was let in is seen long before it is answered."""
    endpoint, crowd = Bucket(per_second=4, burst=4), Crowd(latency=latency)
    ideal = 600 / 4 + latency
    assert crowd.run(600, endpoint.takes) <= 1.25 * ideal
    assert endpoint.turned_away <= 0.25 * 600


def test_three_a_minute_are_found_too() -> None:
    """A free plan: it takes what it takes, without a storm."""
    endpoint, crowd = Bucket(per_second=0.05, burst=3), Crowd(seats=16, workers=32)
    seconds = crowd.run(30, endpoint.takes)
    assert seconds <= 2 * 30 / 0.05
    assert endpoint.turned_away <= 16 + pacing.SLOWEST * seconds  # it asks now and then whether more is let in


def test_sparse_refusals_slow_nobody_else() -> None:
    """One in twenty is turned away by chance: the rest goes at full speed."""
    chance, crowd = rng(976, "sparse"), Crowd()
    crowd.run(5000, lambda _now: chance.random() >= 0.05)
    assert crowd.done_at[4800] - crowd.done_at[0] <= 1.3 * 5000 / (256 / 0.2)


def test_an_endpoint_that_gets_faster_is_asked_faster() -> None:
    """From 10 a second to hardly any limit: within half a minute the old one is left far behind."""
    endpoint, crowd = Bucket(per_second=10, burst=10), Crowd()
    crowd.run(300, endpoint.takes)
    assert crowd.pacer._found is not None
    endpoint.per_second = 1000.0
    before = crowd.clock.now
    crowd.done_at.clear()
    crowd.run(4000, endpoint.takes)
    assert crowd.clock.now - before <= 30


@given(
    limit=st.floats(0.5, 3000).map(lambda value: round(value, 2)) | st.integers(1, 3000),
    steps=st.lists(st.tuples(st.floats(0, 3), st.integers(1, 40)), min_size=1, max_size=60),
)
def test_a_configured_number_of_requests_is_never_exceeded(limit: float, steps: list[tuple[float, int]]) -> None:
    """In no minute, wherever it begins and however requests bunch up."""
    clock = Clock()
    pacer = Pacer(requests_per_minute=limit, clock=clock)
    times = []
    for pause, wanted in steps:
        clock.now += pause
        for _ in range(wanted):
            clock.now += pacer.delay()
            if pacer.delay() > 0:
                continue
            pacer.answered(pacer.sent())
            times.append(clock.now)
    assert most_in(60, times, [1.0] * len(times)) <= math.ceil(limit)


@given(
    limit=st.integers(100, 50_000),
    steps=st.lists(st.tuples(st.floats(0, 5), st.floats(0, 90), st.integers(1, 2000)), min_size=1, max_size=80),
)
def test_a_configured_number_of_tokens_is_never_exceeded(limit: int, steps: list[tuple[float, float, int]]) -> None:
    """In no minute, where requests take no more than is expected; one larger than the limit goes alone."""
    clock = Clock()
    pacer = Pacer(tokens_per_minute=limit, tokens=2000.0, clock=clock)
    under_way: list[tuple[float, int, Ticket, int]] = []
    times, weights = [], []
    for number, (pause, latency, used) in enumerate(steps):
        clock.now += pause
        while pacer.delay() > 0:
            clock.now += pacer.delay()
            _answer_until(clock.now, under_way, pacer)
        expected = pacer._expected
        times.append(clock.now)
        weights.append(min(float(used), expected))
        heapq.heappush(under_way, (clock.now + latency, number, pacer.sent(), int(weights[-1])))
    assert most_in(60, times, weights) <= max(limit, 2000)


def _answer_until(now: float, under_way: list[tuple[float, int, Ticket, int]], pacer: Pacer) -> None:
    while under_way and under_way[0][0] <= now:
        _, _, ticket, used = heapq.heappop(under_way)
        pacer.answered(ticket, used=used)


@pytest.mark.parametrize(("option", "ideal"), [("requests_per_minute", 20.0), ("tokens_per_minute", 20.0)])
def test_a_configured_limit_is_used_to_the_full(option: str, ideal: float) -> None:
    """Hardly less is asked than may be; of tokens, a minute's worth may go at once."""
    crowd = Crowd(**{option: 6000.0})
    assert crowd.run(2000, lambda _now: True) <= 1.05 * ideal if option == "requests_per_minute" else 60.0


def said(**headers: object) -> dict[str, str]:
    """Headers about requests."""
    return {f"x-ratelimit-{name}-requests": str(value) for name, value in headers.items()}


def delay_after(headers: dict[str, str]) -> float:
    """How long to wait after an answer with these headers."""
    pacer = Pacer(clock=Clock())
    pacer.answered(pacer.sent(), headers=headers)
    return pacer.delay()


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        (said(limit=60, remaining=0, reset="1s"), 1.0),
        (said(limit=60, remaining=0), 1.0),
        (said(limit=60, remaining=1, reset="1s"), 0.0),
        (said(limit=10_000, remaining=9_990, reset="1m26.4s"), 0.0),
        (said(limit=10_000, remaining=0, reset="24h"), 8.64),  # per day
        (said(limit=1, remaining=0, reset="1h"), pacing.MAX_HOLD),
        ({}, 0.0),
        (said(limit=0, remaining=0), 0.0),
        (said(limit=-1, remaining=-1), 0.0),
        (said(limit="many", remaining="few", reset="soon"), 0.0),
        (said(limit="1e5", remaining="nan", reset="-3"), 0.0),
        (said(limit="9" * 400, remaining="0", reset="9" * 400), 0.0),
        (said(limit="\u0663", remaining="\u0660"), 0.0),  # digits, but not ASCII
        (said(remaining=0), 0.0),
        (said(limit=5, remaining=50, reset="0"), 0.0),
    ],
)
def test_what_headers_say_is_heeded_and_nonsense_is_not(headers: dict[str, str], seconds: float) -> None:
    """Per minute, per day, nothing left; what is no number changes nothing."""
    assert delay_after(headers) == pytest.approx(seconds)


def test_older_headers_do_not_undo_newer_ones() -> None:
    """Answers come in any order; the latest request knows best."""
    pacer = Pacer(clock=Clock())
    first, second = pacer.sent(), pacer.sent()
    pacer.answered(second, headers=said(limit=60, remaining=0, reset="1s"))
    pacer.answered(first, headers=said(limit=60, remaining=59, reset="1s"))
    assert pacer.delay() == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("20ms", 0.02),
        ("1s", 1.0),
        ("6m0s", 360.0),
        ("1h2m", 3720.0),
        ("1.5", 1.5),
        ("", None),
        ("5x", None),
        ("s", None),
    ],
)
def test_durations(text: str, seconds: float | None) -> None:
    """As endpoints write them."""
    assert pacing.seconds(text) == seconds


actions = st.lists(
    st.tuples(
        st.sampled_from(["send", "good", "away", "unsent", "wait"]),
        st.floats(0, 100),
        st.dictionaries(
            st.sampled_from(
                [f"x-ratelimit-{a}-{b}" for a in ("limit", "remaining", "reset") for b in ("requests", "tokens")]
            ),
            st.integers(-1, 10**6).map(str) | st.sampled_from(["1s", "6m0s", "24h", "0", "no", ""]),
        ),
    ),
    max_size=60,
)


@given(actions=actions, limited=st.booleans())
@settings(max_examples=200)
def test_the_pacer_never_says_never(actions: list[tuple[str, float, dict[str, str]]], limited: bool) -> None:  # noqa: FBT001
    """Whatever is sent, answered and said: whoever waits as long as told, again and again, may send in the end."""
    clock = Clock()
    options = {"requests_per_minute": 7.0, "tokens_per_minute": 900.0} if limited else {}
    pacer = Pacer(clock=clock, tokens=500.0, **options)
    under_way: list[Ticket] = []
    for action, amount, headers in actions:
        if action == "send":
            under_way.append(pacer.sent())
        elif action == "wait":
            clock.now += amount
        elif under_way and action == "unsent":
            pacer.unsent(under_way.pop())
        elif under_way:
            used = None if action == "away" else amount * 10
            pacer.answered(under_way.pop(0), turned_away=action == "away", wait=amount, used=used, headers=headers)
        assert 0 <= pacer.delay() <= pacing.MAX_HOLD
    for _ in waits(pacer, clock):
        pass


def waits(pacer: Pacer, clock: Clock) -> Iterator[float]:
    """Wait as told until a request may be sent, at most a year."""
    end = clock.now + 366 * 86_400
    while (delay := pacer.delay()) > 0:
        clock.now += max(delay, 1e-3)
        assert clock.now < end
        yield delay
