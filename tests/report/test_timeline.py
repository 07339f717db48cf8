"""What came back over time."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import msgspec
import pytest
from builders import a_reply
from generating import answers, failed, generated, replied, seeded
from hypothesis import given
from hypothesis import strategies as st

from magicoder_gen.generate import moments
from magicoder_gen.generate.moments import Answered, Failed
from magicoder_gen.generate.protocols import Outcome
from magicoder_gen.generate.writer import Writer
from magicoder_gen.records import Prompt, Usage
from magicoder_gen.report import charts, stats, timeline

OUTCOMES = st.lists(
    st.builds(
        Answered,
        attempts=st.integers(1, 5),
        usage=st.none() | st.builds(Usage, st.integers(0, 9), st.integers(0, 9)),
        cost=st.none() | st.just(0.5),
        at=st.none() | st.floats(0, 4e9),
    )
    | st.builds(Failed, kind=st.sampled_from(["timeout", "http_500"]), at=st.none() | st.floats(0, 4e9))
)


def answered(at: float | None, *, attempts: int = 1, cost: float | None = 0.25) -> Answered:
    """A reply of ten tokens for twenty."""
    return Answered(attempts, Usage(20, 10), cost, at)


def test_what_was_removed_on_request_did_not_fail() -> None:
    """What stands in the place of an answer that was purged is neither a failure nor without a time."""
    found = timeline.of([answered(1), Failed("opted_out", 1.0), Failed("opted_out"), Failed("timeout", 1.0)])
    assert found.untimed == 0
    assert [one.failures for one in found.bins] == [{"timeout": 1}]


@pytest.mark.parametrize(
    ("offsets", "first", "last"),
    [
        ([0, 40], "12:00:00", "12:00:40"),
        (range(0, 3001, 40), "12:00", "12:50"),
        ([0, 86400 * 3], "06-01 12:00", "06-04 12:00"),
        ([0, 86400 * 366], "2023-06-01 12:00", "2024-06-01 12:00"),
    ],
)
def test_the_axis_says_as_much_as_tells_its_places_apart(offsets: Iterable[int], first: str, last: str) -> None:
    """The time, from the second day on the date, from the second year on the year."""
    start = datetime.fromisoformat("2023-06-01T12:00:00Z").timestamp()
    places = timeline.replies(timeline.of(answered(start + offset) for offset in offsets))
    labels = [place[0] for place in places if isinstance(place, tuple)]
    assert (labels[0], labels[-1]) == (first, last)


def test_slow_answers_do_not_cut_the_axis_to_pieces() -> None:
    """A reply every fifteen seconds is a rate, not so many pauses; a pause of nine hours is one."""
    slow = [answered(1_000_000_000 + 15 * number) for number in range(12)]
    found = timeline.of([*slow, answered(1_000_000_000 + 9 * 3600)])
    assert found.seconds == 5
    assert sum(isinstance(place, int) for place in timeline.drawn(found)) == 1


def test_days_have_no_time() -> None:
    """And no year, if it is one."""
    start = datetime.fromisoformat("2023-01-01T00:00:00Z").timestamp()
    found = timeline.of(answered(start + 86400 * 2 * day) for day in range(50))
    assert found.seconds == 2 * 86400
    assert [place[0] for place in timeline.replies(found) if isinstance(place, tuple)][:2] == ["01-01", "01-03"]


def test_no_label_stands_below_the_axis_twice() -> None:
    """Seconds of several days are told by the minute."""
    places = [("06-01 12:00", 1)] * 30 + [("06-02 12:00", 1)] * 30
    assert [tick.label for tick in charts.series(places).ticks] == ["06-01 12:00", "06-02 12:00"]
    years = [("2023-06-01 12:00", 1)] * 30 + [("2024-06-01 12:10", 1)] * 15 + [("2024-06-01 12:20", 1)] * 15
    assert [tick.label for tick in charts.series(years).ticks] == ["2023-06-01", "2024-06-01"]
    assert charts.series(years).columns[-1].label == "2024-06-01 12:20"


@given(OUTCOMES)
def test_every_outcome_is_in_a_bin_or_has_no_moment(outcomes: list[Answered | Failed]) -> None:
    """Replies, failures by kind, retries and tokens add up; no more places are drawn than fit."""
    found = timeline.of(outcomes)
    timed = [one for one in outcomes if one.at is not None]
    replies = [one for one in timed if isinstance(one, Answered)]
    assert found.untimed == len(outcomes) - len(timed)
    assert sum(one.replies for one in found.bins) == len(replies)
    assert sum(one.retries for one in found.bins) == sum(one.attempts - 1 for one in replies)
    assert sum(one.output_tokens for one in found.bins) == sum(one.usage.output_tokens for one in replies if one.usage)
    kinds = Counter[str]()
    for one in found.bins:
        kinds.update(one.failures)
    assert kinds == Counter(one.kind for one in timed if isinstance(one, Failed))
    assert len(list(timeline.drawn(found))) <= timeline.DRAWN
    starts = [datetime.fromisoformat(one.start).timestamp() for one in found.bins]
    assert starts == sorted(set(starts))


def test_the_order_of_the_journal_does_not_matter() -> None:
    """Clocks go back now and then."""
    outcomes = [answered(10.0 * n) for n in range(500)]
    assert timeline.of(reversed(outcomes)) == timeline.of(outcomes)


@pytest.mark.parametrize(
    ("every", "number", "width"), [(0.1, 300, 1), (1, 61, 2), (2, 1000, 60), (30, 50, 30), (3600, 24 * 30, 43200)]
)
def test_bins_are_as_narrow_as_the_page_allows(every: float, number: int, width: int) -> None:
    """Whole seconds, minutes, hours or days."""
    assert timeline.of(answered(1e6 * 86.4 + every * n) for n in range(number)).seconds == width


def test_a_pause_is_cut_out_of_the_axis() -> None:
    """A run that goes on after three days has narrow bins all the same; short gaps stay."""
    start = 1_764_000_000.0
    found = timeline.of([answered(start), answered(start + 2), *(answered(start + 3 * 86400 + n) for n in range(20))])
    assert found.seconds == 1
    first, gap, second, pause, *rest = timeline.drawn(found)
    assert (first, gap, second) == (found.bins[0], None, found.bins[1])
    assert pause == 3 * 86400 - 3
    assert len(rest) == 20
    assert timeline.replies(found)[3] == "nothing came for 3\u00a0d"
    drawn = charts.series(timeline.replies(found))
    assert (len(drawn.columns), len(drawn.cuts), drawn.total, drawn.peak) == (22, 1, 22, 1)
    assert {column.height for column in drawn.columns} == {charts.HEIGHT}
    assert charts.series(timeline.failures(found)).peak == 0


def test_a_bin_knows_what_it_cost() -> None:
    """Unless one of its replies has no known price; failures are free."""
    found = timeline.of([answered(1), answered(1.5), answered(3, cost=None), Failed("timeout", 6.0)])
    assert [one.cost for one in found.bins] == [0.5, None, 0.0]
    assert [one.start for one in found.bins] == ["1970-01-01T00:00:01Z", "1970-01-01T00:00:03Z", "1970-01-01T00:00:06Z"]


@pytest.mark.parametrize("at", [-1.0, 1e300, float("inf")])
def test_a_moment_that_is_none_is_untimed(at: float) -> None:
    """What no calendar has."""
    assert timeline.of([answered(at)]) == timeline.OverTime(1, 1, [])


@pytest.mark.parametrize(
    ("seconds", "said"), [(1, "1 s"), (90, "90 s"), (300, "5 min"), (7200, "2 h"), (86400, "1 d"), (260_000, "3 d")]
)
def test_spans_are_in_one_unit(seconds: int, said: str) -> None:
    """The largest that fits."""
    assert timeline.span(seconds).replace("\u00a0", " ") == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.04, "0.0 s"), (59.94, "59.9 s"), (61, "1 min 1 s"), (3599, "59 min 59 s"), (7265, "2 h 1 min")],
)
def test_durations_are_in_two_units(seconds: float, said: str) -> None:
    """From a minute on."""
    assert timeline.duration(seconds).replace("\u00a0", " ") == said


def sometimes(prompt: Prompt) -> Outcome:
    """Two of six fail."""
    return failed(prompt, final=True) if prompt.seed.index < 2 else replied(prompt, cost=0.5)


def test_a_run_has_its_moments(tmp_path: Path) -> None:
    """Each outcome has the time at which it was journaled; the statistics add up to the traffic."""
    run = seeded(tmp_path / "r", 6)
    generated(run, sometimes, max_failed=0.5)
    assert all(reply.at and reply.at > 1.7e9 for reply in answers(run))
    found, _ = stats.gather(run, None)
    assert found.over_time
    assert found.traffic
    assert sum(one.replies for one in found.over_time.bins) == found.traffic.replies == 4
    assert sum(one.cost or 0 for one in found.over_time.bins) == found.traffic.cost == 2.0
    assert sum(sum(one.failures.values()) for one in found.over_time.bins) == 2


def test_journals_of_earlier_versions_are_read(tmp_path: Path) -> None:
    """They hold no times, and a note says so; some with and some without are both told."""
    folder = tmp_path / "replies"
    with Writer(folder, shard_bytes=1 << 20) as writer:
        writer.put(a_reply())
    assert [one.at for one in moments.read(folder)] == [None]
    found = timeline.of(moments.read(folder))
    (note,) = timeline.gaps(found)
    assert "the outcomes in the journal came without a usable time, as earlier versions wrote them" in note
    with Writer(folder, shard_bytes=1 << 20) as writer:
        writer.put(msgspec.structs.replace(a_reply(), at=5.0))
    (note,) = timeline.gaps(timeline.of(moments.read(folder)))
    assert "1 outcome of" in note
    assert timeline.gaps(None) == []
