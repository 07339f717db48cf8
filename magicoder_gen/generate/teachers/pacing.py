"""How fast one endpoint may be asked: what was configured, what its headers say, what it was seen to bear.

Nothing here waits: `delay` says how long to, `sent` and `answered` are told what happened, the clock is passed in.
The rate that it bears is found by what it lets in: over a window of requests, those that it did not turn away. That
needs no answer to have come, which may take a minute each; being turned away takes milliseconds.
"""

import re
from collections import deque
from collections.abc import Callable, Mapping

import msgspec

MINUTE = 60.0  # seconds
LAG = 0.5  # seconds by which a request may be late and still be made up for
WINDOW = 1.0  # seconds at least over which requests are judged
FEWEST = 32  # requests at least that are judged together once one of them was turned away
ENOUGH = 5  # turned away at least before the rate falls: fewer are chance
MANY = 16  # turned away from which the first fall does not wait for the end of the window
TOO_MANY = 0.15  # share turned away from which the rate falls to what was let in
FEW = 0.02  # share up to which it grows
GROWTH = 1.05  # after the first good window; squared, cubed … after the next ones
FASTEST_GROWTH = 1.5
PROBE = 8  # windows with some turned away, not too many, after which the rate grows nevertheless
SLOWEST = 0.1  # requests per second however many are turned away, where the endpoint does not say how long to wait
FIRST = 64  # requests at most before the first answer, or FIRST_LOOK seconds, show what the endpoint says
FIRST_LOOK = 1.0
UNSURE = 1.0  # seconds: some endpoints say what is left when a request comes, some when its answer goes
LONGEST_RESET = 600.0  # seconds for one request or token; what is told to take longer is not believed
MAX_HOLD = 60.0  # seconds; whoever has to wait longer looks again after that
UNLIMITED = float("inf")

_AMOUNT = re.compile(r"(\d{1,15}(?:\.\d{1,15})?)(ms|s|m|h|d|)", re.ASCII)
_DIGITS = 15  # of a number that means something
_SECONDS = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


class Window(msgspec.Struct, eq=False):
    """Requests that are judged together: those sent from `began` for `seconds`, which are 0 until it is closed."""

    began: float
    sent: int = 0
    turned_away: int = 0
    seconds: float = 0.0

    def add(self, before: "Window") -> None:
        """Become one with the window before."""
        self.began = before.began
        self.sent += before.sent
        self.turned_away += before.turned_away

    @property
    def share(self) -> float:
        """The share that was turned away."""
        return self.turned_away / max(self.sent, 1)

    @property
    def borne(self) -> float:
        """Requests per second that were let in; half a request if none was."""
        return max(self.sent - self.turned_away, 0.5) / max(self.seconds, WINDOW)


class Ticket(msgspec.Struct, eq=False):
    """A request under way: when it got its place (seconds), what had been sent by then, itself included, its tokens.

    `left_at` is when it went on its way: the intent is written in between.
    """

    at: float
    left_at: float
    requests: float
    tokens: float
    charged: float
    window: Window


class Spacing(msgspec.Struct):
    """A rate (requests per second) kept evenly: at `due` (seconds) the next request fits."""

    rate: float
    due: float = float("-inf")

    def take(self, now: float) -> None:
        """Take one place."""
        self.due = max(self.due, now - LAG) + 1.0 / self.rate


class Tokens:
    """Tokens of the last minute: never more than `limit` in any, as far as is known beforehand what requests take."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._sum = 0.0
        self._tickets: deque[Ticket] = deque()  # of the last minute

    def delay(self, amount: float, now: float) -> float:
        """Return the seconds until `amount` more fits; more than the limit itself fits when nothing else was sent."""
        self._forget(now)
        lacking = self._sum + amount - self._limit
        at = now - MINUTE
        for ticket in self._tickets:
            if lacking <= 0:
                break
            lacking -= ticket.charged
            at = ticket.at
        return at + MINUTE - now

    def take(self, ticket: Ticket) -> None:
        """Charge a request with what it is expected to take."""
        self._tickets.append(ticket)
        self._sum += ticket.charged

    def correct(self, ticket: Ticket, used: float, now: float) -> None:
        """Charge a request with what it took."""
        self._forget(now)
        if ticket.at > now - MINUTE:
            self._sum += used - ticket.charged
        ticket.charged = used

    def _forget(self, now: float) -> None:
        while self._tickets and self._tickets[0].at <= now - MINUTE:
            self._sum -= self._tickets.popleft().charged
        if not self._tickets:
            self._sum = 0.0  # so that rounding does not add up


class Allowance(msgspec.Struct):
    """What an endpoint said it would still take: `left` when so much had been `sent`, at `at`, growing by `rate`."""

    left: float = UNLIMITED
    sent: float = 0.0
    at: float = 0.0
    rate: float = 1.0  # per second
    limit: float = UNLIMITED

    def delay(self, amount: float, *, sent: float, now: float) -> float:
        """Return the seconds until `amount` more is covered; more than the limit is never asked for."""
        lacking = min(amount, self.limit) - (self.left - (sent - self.sent) + self.rate * (now - self.at))
        return lacking / self.rate


class Pacer:
    """The pace of one endpoint."""

    def __init__(
        self,
        *,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
        tokens: float = 0.0,
        clock: Callable[[], float],
    ) -> None:
        """`tokens` is what a request takes, a guess that gives way to what is seen."""
        self._clock = clock
        # Slower by the time that may be made up for, and as much again for the way from here to the wire.
        self._asked = Spacing(requests_per_minute / (MINUTE + 2 * LAG)) if requests_per_minute else None
        self._tokens = Tokens(tokens_per_minute) if tokens_per_minute else None
        self._found: Spacing | None = None  # since the endpoint turned too many away
        self._allowed = {"requests": Allowance(), "tokens": Allowance()}
        self._sent = {"requests": 0.0, "tokens": 0.0}
        self._expected = tokens
        self._under_way = 0
        self._began: float | None = None
        self._has_answered = False
        self._slowest = SLOWEST
        self._held_until = 0.0
        self._window = Window(clock())
        self._before: Window | None = None  # the window before, if all was well
        self._fallen: Window | None = None  # the window that gave the rate found
        self._good_windows = self._doubtful_windows = 0  # in a row

    def delay(self) -> float:
        """Return the seconds until another request may be sent: 0 is now; never more than MAX_HOLD."""
        now = self._clock()
        waits = [spacing.due - now for spacing in (self._asked, self._found) if spacing]
        if self._tokens:
            waits.append(self._tokens.delay(self._expected, now))
        if not self._has_answered and self._began is not None and self._under_way >= FIRST:
            waits.append(self._began + FIRST_LOOK - now)
        waits.append(self._held_until - now)
        for what, amount in (("requests", 1.0), ("tokens", self._expected)):
            waits.append(self._allowed[what].delay(amount, sent=self._sent[what], now=now))
        return min(max(0.0, *waits), MAX_HOLD)

    def sent(self) -> Ticket:
        """Note a request that goes out now."""
        now = self._clock()
        self._began = now if self._began is None else self._began
        self._under_way += 1
        self._sent["requests"] += 1.0
        self._sent["tokens"] += self._expected
        self._window.sent += 1
        ticket = Ticket(now, now, self._sent["requests"], self._sent["tokens"], self._expected, self._window)
        for spacing in (self._asked, self._found):
            if spacing:
                spacing.take(now)
        if self._tokens:
            self._tokens.take(ticket)
        return ticket

    def leaves(self, ticket: Ticket) -> None:
        """Note that a request goes on its way."""
        ticket.left_at = self._clock()

    def unsent(self, ticket: Ticket) -> None:
        """Note that a request did not go out after all; its place is not given to another, which would be too soon."""
        self._under_way -= 1
        ticket.window.sent -= 1
        self._correct(ticket, 0.0)

    def answered(
        self,
        ticket: Ticket,
        *,
        turned_away: bool = False,
        wait: float | None = None,
        used: float | None = None,
        headers: Mapping[str, str] = {},
    ) -> None:
        """Note what came of a request: the tokens it used, or that it was turned away, perhaps for `wait` seconds."""
        self._under_way -= 1
        self._has_answered = self._has_answered or not turned_away
        if turned_away or used is not None:
            self._correct(ticket, used or 0.0)
        if used:
            self._expected = max(used, self._expected + (used - self._expected) / 16)
        self._heed("requests", ticket, headers)
        self._heed("tokens", ticket, headers)
        if turned_away:
            ticket.window.turned_away += 1
            if ticket.window is self._fallen and self._found:
                self._found.rate = max(min(self._found.rate, self._fallen.borne), self._slowest)
        self._judge(self._clock(), wait)

    def _correct(self, ticket: Ticket, used: float) -> None:
        if self._tokens:
            self._tokens.correct(ticket, used, self._clock())

    def _heed(self, what: str, ticket: Ticket, headers: Mapping[str, str]) -> None:
        """Believe the headers of the latest request; a limit is per minute unless its reset says that it is longer."""
        remaining = _number(headers.get(f"x-ratelimit-remaining-{what}"))
        limit = _number(headers.get(f"x-ratelimit-limit-{what}"))
        sent = ticket.requests if what == "requests" else ticket.tokens
        if remaining is None or not limit or sent < self._allowed[what].sent:
            return
        rate = limit / MINUTE
        reset = seconds(headers.get(f"x-ratelimit-reset-{what}", ""))
        if reset and limit > remaining:
            rate = min(rate, max((limit - remaining) / reset, 1.0 / LONGEST_RESET))
        self._allowed[what] = Allowance(remaining, sent, min(self._clock(), ticket.left_at + UNSURE), rate, limit)

    def _judge(self, now: float, wait: float | None) -> None:
        """At the end of a window, fall to the rate of what was let in, or grow; when very many come back, at once."""
        window = self._window
        is_over = now - window.began >= WINDOW
        if window.turned_away >= ENOUGH and window.share > TOO_MANY:
            if is_over or (self._found is None and window.turned_away >= MANY):
                self._fall(window, now, wait)
        elif is_over and (window.sent >= FEWEST or (window.sent and not window.turned_away)):
            self._grow(window)
            self._before, self._window = window, Window(now)

    def _fall(self, window: Window, now: float, wait: float | None) -> None:
        if self._found is None and self._before:
            window.add(self._before)  # a moment tells little
        window.seconds = now - window.began
        self._slowest = SLOWEST
        if wait is not None:
            self._slowest = 1.0 / min(max(wait, WINDOW), MAX_HOLD)
            self._held_until = now + min(wait, MAX_HOLD)
        self._found = Spacing(max(window.borne, self._slowest), now)
        self._fallen, self._before, self._window = window, None, Window(now)
        self._good_windows = self._doubtful_windows = 0

    def _grow(self, window: Window) -> None:
        """Grow the faster the longer it goes well."""
        if self._found is None:
            return
        if window.share <= FEW:
            self._good_windows += 1
            self._found.rate *= min(GROWTH**self._good_windows, FASTEST_GROWTH)
            return
        self._good_windows = 0
        self._doubtful_windows += 1
        if self._doubtful_windows % PROBE == 0:
            self._found.rate *= GROWTH


def seconds(text: str) -> float | None:
    """Return the seconds of a duration as endpoints write it: `20ms`, `1s`, `6m0s`, `1h2m`, or a plain number."""
    parts = _AMOUNT.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)


def _number(text: str | None) -> float | None:
    return float(text) if text and text.isascii() and text.isdigit() and len(text) <= _DIGITS else None
