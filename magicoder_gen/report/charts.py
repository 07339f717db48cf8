"""Numbers as shapes: bars with their labels, histograms. Lengths are in units of the drawing."""

from collections.abc import Mapping, Sequence

from magicoder_gen.records import Record
from magicoder_gen.report.histograms import Histogram

WIDTH, HEIGHT = 400, 150
"""Of the part of a histogram's drawing that holds columns."""
_GAP = 1
_SEEN = 0.5  # length of a bar
_TICKS = 5
_TIMES = 4  # moments below an axis
_ROOM = 11  # characters of such a moment
_FEWEST = 20  # places of an axis of time, so that a few columns are not broad


class Bar(Record, frozen=True):
    """A name, its number, that as a share of the whole in words, and the length of its bar, 0 to 100."""

    label: str
    count: int
    share: str
    length: float


def bars(counts: Mapping[str, int], *, whole: int | None = None) -> list[Bar]:
    """Return a bar for each name, in order; the longest is 100 long, one that is not nothing can be seen.

    Shares are of `whole`, else of their sum.
    """
    longest = max(counts.values(), default=0) or 1
    total = (sum(counts.values()) if whole is None else whole) or 1
    return [
        Bar(label, count, percent(count / total), round(max(100 * count / longest, _SEEN if count else 0), 2))
        for label, count in counts.items()
    ]


def percent(share: float) -> str:
    """Return a share, 0 to 1, in per cent; one that is not nothing is not called so."""
    if 0 < share < 0.0005:  # noqa: PLR2004  # what would be rounded to nothing
        return "<0.1 %"
    return f"{100 * share:.1f} %"


class Column(Record, frozen=True):
    """A column of a histogram: what it stands for, its rows, and where it is."""

    label: str
    count: int
    share: str
    x: float
    y: float
    width: float
    height: float


class Tick(Record, frozen=True):
    """A number below the axis, and where."""

    label: str
    x: float


class Series(Record, frozen=True):
    """Numbers over time as they are drawn; `cuts` are where the axis leaves something out."""

    columns: list[Column]
    cuts: list[Tick]
    ticks: list[Tick]
    peak: int
    total: int


class Columns(Record, frozen=True):
    """A histogram as it is drawn; `peak` is the number of rows of the highest column."""

    columns: list[Column]
    ticks: list[Tick]
    peak: int


def columns(histogram: Histogram, most: int) -> Columns:
    """Return `most` columns of bins from 0 on; the last stands for all that are larger, if there are any."""
    counts = [0] * most
    beyond = False
    for bound, count in histogram.bins.items():
        place = round(float(bound) / histogram.width)
        beyond = beyond or place >= most
        counts[min(place, most - 1)] += count
    peak = max(counts, default=0)
    width = WIDTH / most
    drawn = [
        _column(histogram, place, count, peak=peak, width=width, is_open=beyond and place == most - 1)
        for place, count in enumerate(counts)
    ]
    step = -(-most // _TICKS)
    ticks = [Tick(_bound(histogram, place), round(place * width, 2)) for place in range(0, most, step)]
    return Columns(drawn, ticks, peak)


def series(places: Sequence[tuple[str, int] | str | None]) -> Series:
    """Return a column for each place that has a label and a number; a text is what the axis leaves out there."""
    width = WIDTH / max(len(places), _FEWEST)
    counts = {place: one for place, one in enumerate(places) if isinstance(one, tuple)}
    cuts = [Tick(one, round((place + 0.5) * width, 2)) for place, one in enumerate(places) if isinstance(one, str)]
    peak = max((count for _, count in counts.values()), default=0)
    drawn = [
        _placed(Column(label, count, "", place * width, 0, width - _GAP, HEIGHT * count / (peak or 1)))
        for place, (label, count) in counts.items()
    ]
    step = -(-max(len(places), _FEWEST) // _TIMES)
    ticks = [Tick(_short(counts[place][0]), round(place * width, 2)) for place in counts if not place % step]
    ticks = [tick for number, tick in enumerate(ticks) if not number or tick.label != ticks[number - 1].label]
    return Series(drawn, cuts, ticks, peak, sum(count for _, count in counts.values()))


def _short(moment: str) -> str:
    """Return as much of a moment as has room below an axis: its day, where it has a year."""
    return moment if len(moment) <= _ROOM else moment.partition(" ")[0]


def _placed(column: Column) -> Column:
    """Let a column stand on the axis."""
    height = round(column.height, 2)
    x, y, width = round(column.x, 2), round(HEIGHT - height, 2), round(column.width, 2)
    return Column(column.label, column.count, column.share, x, y, width, height)


def _column(histogram: Histogram, place: int, count: int, *, peak: int, width: float, is_open: bool) -> Column:
    label = f"{_bound(histogram, place)} or more"
    if not is_open:
        label = f"{_bound(histogram, place)} to {_bound(histogram, place + 1)}"
    height = round(HEIGHT * count / (peak or 1), 2)
    share = percent(count / (histogram.rows or 1))
    left, breadth = round(place * width, 2), round(width - _GAP, 2)
    return Column(label, count, share, left, round(HEIGHT - height, 2), breadth, height)


def _bound(histogram: Histogram, place: int) -> str:
    return f"{place * histogram.width:.4g}"
