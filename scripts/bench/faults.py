"""How the loopback teacher misbehaves, its hard limit, and the count of all it did."""

import time
from collections import Counter
from typing import Annotated, Any

import msgspec

KINDS = ("reset", "hang", "slow", "truncated", "length")

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Modes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How to behave. Shares of requests are independent settings, and one draw per request decides among them.

    `latency` is in seconds; `retry_after` (seconds, null for no header) goes with a drawn 429 and
    `limit_retry_after` with one of the hard limit: `rpm` requests per minute, `burst` at once. `headers` sends
    x-ratelimit-…. The row is the digits behind `tag` in the body; without a tag, a hash of the last message.
    """

    latency: float = 0.2
    too_many: Share = 0.0
    retry_after: float | None = 1
    error: Share = 0.0
    reset: Share = 0.0
    hang: Share = 0.0
    slow: Share = 0.0
    truncated: Share = 0.0
    length: Share = 0.0
    rpm: float | None = None
    burst: int = 100
    limit_retry_after: float | None = None
    headers: bool = True
    tag: str = "row-"
    rng_seed: int = 976

    def faults(self) -> list[tuple[float, str]]:
        """Return (upper bound of the draw, name), ascending; above the last, the answer is good."""
        names = ("too_many", "error", "reset", "hang", "slow", "truncated", "length")
        bounds, sum_ = [], 0.0
        for name in names:
            sum_ += getattr(self, name)
            bounds.append((sum_, name))
        return [(bound, name) for (bound, name), share in zip(bounds, names, strict=True) if getattr(self, share)]


class Bucket:
    """The hard limit: refills evenly, holds `burst` at most."""

    def __init__(self, modes: Modes) -> None:
        self._rate = (modes.rpm or 0) / 60
        self._burst = modes.burst
        self._left = float(modes.burst)
        self._at = time.monotonic()

    def take(self) -> bool:
        """Whether one more is allowed now."""
        now = time.monotonic()
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        allowed = self._left >= 1
        self._left -= allowed
        return allowed

    def left(self) -> int:
        """Return how many could be asked at once."""
        return int(self._left)

    def full_in(self) -> float:
        """Return the seconds until the whole burst is there again."""
        return (self._burst - self._left) / self._rate


class Counts:
    """What happened since the modes were set, in all and by row."""

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        self.asked: Counter[str] = Counter()
        self.paid: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()
        self.connections = 0
        self.in_flight = 0
        self.most_in_flight = 0
        self.first: float | None = None
        self.last: float | None = None
        self._cpu = time.process_time()

    def report(self) -> dict[str, Any]:
        """Return plain JSON. `first` is Unix time, `span` seconds from the first request to the last answer."""
        paid, answered = self.paid.total(), self.answered.total()
        requests = self.asked.total()
        cpu = time.process_time() - self._cpu
        return {
            "requests": requests,
            "paid": paid,
            "repaid": paid - len(self.paid),
            "answered": answered,
            "rows_answered": len(self.answered),
            **{kind: self.kinds[kind] for kind in ("untagged", "limited", "429", "500", *KINDS)},
            "connections": self.connections,
            "in_flight": self.in_flight,
            "most_in_flight": self.most_in_flight,
            "first": self.first,
            "span": self.last - self.first if self.first and self.last else 0.0,
            "cpu_s_per_1000": cpu / requests * 1000 if requests else 0.0,
        }

    def rows(self) -> list[tuple[str, int, int]]:
        """Return every row that was asked, how often it was paid and how often its answer was sent."""
        return [(row, self.paid[row], self.answered[row]) for row in self.asked]
