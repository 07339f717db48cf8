"""What came back from the teacher over time: replies, failures, tokens, cost."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import pairwise

import msgspec

from magicoder_gen.amounts import number_of
from magicoder_gen.generate.moments import Answered, Failed
from magicoder_gen.records import Record
from magicoder_gen.report.texts import name
from magicoder_gen.storage import optouts

DRAWN = 60
"""Places on the axis, at most."""
EMPTY = 2
"""Bins without an outcome that are drawn one after the other; where there are more, the axis is cut."""
CUTS = 5
"""Cuts of the axis, at most, as long as wider bins make fewer."""
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_UNITS = (("d", _DAY), ("h", _HOUR), ("min", _MINUTE))
_WIDTHS = (
    *(1, 2, 5, 10, 15, 30),
    *(minutes * _MINUTE for minutes in (1, 2, 5, 10, 15, 30)),
    *(hours * _HOUR for hours in (1, 2, 3, 6, 12)),
    *(days * _DAY for days in (1, 2, 7, 28, 84, 364)),
)
_END = datetime(9999, 1, 1, tzinfo=UTC).timestamp()
_DATE = 10  # characters of a day
_DIGITS = 6  # of a cost in USD


class Bin(Record, frozen=True):
    """What came back from `start` (UTC) on; `cost` is in USD, None if that of a reply is unknown.

    `retries` counts the attempts beyond the first of the prompts that were answered.
    """

    start: str
    replies: int
    failures: dict[str, int]
    retries: int
    input_tokens: int
    output_tokens: int
    cost: float | None


class OverTime(Record, frozen=True):
    """Bins of `seconds` each, those without an outcome left out; `untimed` outcomes have no moment."""

    seconds: int
    untimed: int
    bins: list[Bin]


class _Sums(msgspec.Struct):
    replies: int = 0
    retries: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0
    unpriced: int = 0
    failures: Counter[str] = msgspec.field(default_factory=Counter)

    def take(self, outcome: Answered | Failed) -> None:
        if isinstance(outcome, Failed):
            self.failures[name(outcome.kind)] += 1
            return
        self.replies += 1
        self.retries += max(0, outcome.attempts - 1)
        self.unpriced += outcome.cost is None
        self.cost += outcome.cost or 0.0
        if outcome.usage:
            self.input_tokens += outcome.usage.input_tokens
            self.output_tokens += outcome.usage.output_tokens

    def add(self, other: "_Sums") -> None:
        for field in ("replies", "retries", "input_tokens", "output_tokens", "cost", "unpriced", "failures"):
            setattr(self, field, getattr(self, field) + getattr(other, field))


def of(outcomes: Iterable[Answered | Failed]) -> OverTime:
    """Return what came back, in the narrowest bins of which at most `DRAWN` places are drawn and `CUTS` cuts.

    What a purge left in the place of an answer is no outcome.
    """
    seconds: dict[int, _Sums] = {}
    untimed = 0
    for outcome in outcomes:
        if isinstance(outcome, Failed) and outcome.kind == optouts.REASON:
            continue
        if outcome.at is None or not 0 <= outcome.at < _END:
            untimed += 1
        else:
            seconds.setdefault(int(outcome.at), _Sums()).take(outcome)
    width = next((width for width in _WIDTHS if _is_drawn_well(seconds, width)), _WIDTHS[-1])
    bins: dict[int, _Sums] = {}
    for second in sorted(seconds):
        bins.setdefault(second // width, _Sums()).add(seconds[second])
    return OverTime(width, untimed, [_bin(number * width, sums) for number, sums in bins.items()])


def gaps(over: OverTime | None) -> list[str]:
    """Say what of the journal is missing from the bins: what earlier versions wrote, and what no calendar has."""
    if over is None or not over.untimed:
        return []
    which = f"{number_of(over.untimed, 'outcome')} of the journal" if over.bins else "the outcomes in the journal"
    return [f"rate and errors over time: {which} came without a usable time, as earlier versions wrote them"]


def replies(over: OverTime) -> list[tuple[str, int] | str | None]:
    """Return the places of the axis with the replies of each."""
    return _places_of(over, lambda one: one.replies)


def failures(over: OverTime) -> list[tuple[str, int] | str | None]:
    """Return the places of the axis with the failures of each."""
    return _places_of(over, lambda one: sum(one.failures.values()))


def _places_of(over: OverTime, count: Callable[[Bin], int]) -> list[tuple[str, int] | str | None]:
    """Return a moment and a number for each bin, None for one without an outcome, what is said where it is cut."""
    label = _told(over)
    return [
        (one.start[label].replace("T", " "), count(one))
        if isinstance(one, Bin)
        else f"nothing came for {span(one)}"
        if one
        else None
        for one in drawn(over)
    ]


def _told(over: OverTime) -> slice:
    """Return which part of a moment is told: the time of one day, else the date too, with the year if they differ."""
    years, days = ({one.start[:length] for one in over.bins} for length in (4, _DATE))
    if len(days) == 1 and over.seconds < _DAY:
        return slice(_DATE + 1, 19 if over.seconds < _MINUTE else 16)
    return slice(0 if len(years) > 1 else 5, 16 if over.seconds < _DAY else _DATE)


def drawn(over: OverTime) -> Iterator[Bin | int | None]:
    """Yield the places of the axis: a bin, None for one without an outcome, the seconds left out where it is cut."""
    before: float | None = None
    for one in over.bins:
        start = datetime.fromisoformat(one.start).timestamp()
        missing = 0 if before is None else round((start - before) / over.seconds) - 1
        if missing > EMPTY:
            yield missing * over.seconds
        else:
            yield from [None] * missing
        yield one
        before = start


def span(seconds: int) -> str:
    """Return a whole number of seconds in words, in the largest unit of which it is a multiple, or nearly."""
    for unit, size in _UNITS:
        if seconds % size == 0 or seconds > 2 * size:
            return f"{round(seconds / size)}\u00a0{unit}"
    return f"{seconds}\u00a0s"


def duration(seconds: float) -> str:
    """Return wall time in words: to the tenth of a second below a minute, else in two units."""
    if seconds < _MINUTE:
        return f"{seconds:.1f}\u00a0s"
    if seconds < _HOUR:
        return f"{int(seconds) // _MINUTE}\u00a0min {int(seconds) % _MINUTE}\u00a0s"
    hours, minutes = divmod(int(seconds) // _MINUTE, _MINUTE)
    return f"{hours:,}\u00a0h {minutes}\u00a0min"


def _is_drawn_well(seconds: Iterable[int], width: int) -> bool:
    """Whether bins of that width need few places, and few cuts between them."""
    numbers = sorted({second // width for second in seconds})
    missing = [later - earlier - 1 for earlier, later in pairwise(numbers)]
    cuts = sum(empty > EMPTY for empty in missing)
    return cuts <= CUTS and len(numbers) + cuts + sum(empty for empty in missing if empty <= EMPTY) <= DRAWN


def _bin(start: int, sums: _Sums) -> Bin:
    return Bin(
        f"{datetime.fromtimestamp(start, UTC):%Y-%m-%dT%H:%M:%SZ}",
        sums.replies,
        dict(sorted(sums.failures.items())),
        sums.retries,
        sums.input_tokens,
        sums.output_tokens,
        None if sums.unpriced else round(sums.cost, _DIGITS),
    )
