"""Which endpoint gets the next request: one that may be asked now, by its weight. Who has to wait stands in line."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

import msgspec

from magicoder_gen.errors import MagicoderError
from magicoder_gen.generate.teachers.channel import Channel
from magicoder_gen.generate.teachers.pacing import Ticket

logger = logging.getLogger("magicoder_gen")

LOOK = 1.0  # seconds after which whoever is first in line looks again, whatever happens


class Seat(msgspec.Struct, frozen=True):
    """The right to have one request under way."""

    channel: Channel
    ticket: Ticket


class Router:
    """Seats at endpoints; each is given back with `leave`, once."""

    def __init__(self, channels: list[Channel]) -> None:
        self._channels = channels
        self._first, self._again = asyncio.Lock(), asyncio.Lock()
        self._left = asyncio.Event()
        self._turn = 0.0
        for one in channels:
            one.has_other = partial(self._has_other, one)

    async def seat(self, is_wanted: Callable[[], Awaitable[bool]], *, again: bool = False) -> Seat | None:
        """Return the right to ask an endpoint now; None if it is not wanted any more.

        Who asks `again` does not stand behind those who begin: they may be waiting for its outcome.
        """
        line = self._again if again else self._first
        if not line.locked() and (channel := self._free()):
            return self._taken(channel)
        async with line:
            while await is_wanted():
                if channel := self._free():
                    return self._taken(channel)
                await self._wait()
        return None

    def leave(self, seat: Seat, *, unused: bool = False) -> None:
        """Give a seat back; `unused` if nothing was sent."""
        seat.channel.under_way -= 1
        if unused:
            seat.channel.pacer.unsent(seat.ticket)
        self._left.set()

    def leave_out(self, channel: Channel, trouble: MagicoderError) -> None:
        """Ask that endpoint no more in this run; raise the trouble if there is no other."""
        is_news = channel.trouble is None
        channel.trouble = trouble
        if not self._open:
            raise trouble
        if is_news:
            logger.warning("%s; going on without it", trouble)
        self._left.set()

    @property
    def _open(self) -> list[Channel]:
        """The endpoints that may still be asked in this run."""
        return [channel for channel in self._channels if channel.trouble is None]

    def _has_other(self, channel: Channel) -> bool:
        return any(one is not channel and not one.is_away for one in self._open)

    def _free(self) -> Channel | None:
        """Return the endpoint whose turn it is, of those that may be asked now."""
        return min((one for one in self._present() if one.delay() <= 0), key=lambda one: one.turn, default=None)

    def _present(self) -> list[Channel]:
        """Return the endpoints that do well; if none does, all."""
        return [channel for channel in self._open if channel.is_well] or self._open

    def _taken(self, channel: Channel) -> Seat:
        """Let an endpoint have its turn; one that could not for long makes up for no more than its places."""
        weight, places = channel.endpoint.weight, channel.endpoint.concurrency
        self._turn = max(self._turn, channel.turn)
        channel.turn = max(channel.turn, self._turn - places / weight) + 1.0 / weight
        channel.under_way += 1
        ticket = channel.pacer.sent()
        channel.seated = ticket.at
        return Seat(channel, ticket)

    async def _wait(self) -> None:
        """Return when a seat was left or the shortest delay is over."""
        self._left.clear()
        seconds = min([LOOK, *(channel.delay() for channel in self._present())])
        with suppress(TimeoutError):
            async with asyncio.timeout(max(seconds, 0.0)):
                await self._left.wait()
