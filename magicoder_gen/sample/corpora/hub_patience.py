"""How long a hub that is busy is waited for, and what the log says of it."""

import logging
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from tenacity import RetryCallState

Answer = TypeVar("Answer")

WAIT = 1.0  # seconds before the second try; doubles from try to try
_MOST_WAIT = 300.0  # seconds; the window of the hub's rate limits
_SAID_FROM = 3.0  # seconds; a shorter wait is not worth a line
_SAID_EVERY = 60.0  # seconds between two lines of a process

logger = logging.getLogger(__name__)
_last_said = float("-inf")


class Again(Exception):  # an instruction, not an error
    """Ask again, after `wait` seconds if that is not None; the message says why, as a clause about "it"."""

    def __init__(self, message: str, *, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


def patiently(
    ask: Callable[[], Answer], *, hub: str, tries: int, ended: threading.Event | None = None, stage: str = "sample"
) -> Answer:
    """Return what `ask` does, called up to `tries` times while it raises Again, which the last time passes through.

    Once `ended` is set nobody waits for the answer: then the next Again is the last. `stage` is who waits.
    """
    from tenacity import Retrying, retry_if_exception_type, sleep_using_event, stop_after_attempt, stop_when_event_set

    ended = ended or threading.Event()
    retrying = Retrying(
        retry=retry_if_exception_type(Again),
        stop=stop_after_attempt(tries) | stop_when_event_set(ended),
        wait=_seconds,
        before_sleep=lambda state: _say(stage, hub, state),
        sleep=sleep_using_event(ended),
        reraise=True,
    )
    return retrying(ask)


def _seconds(state: "RetryCallState") -> float:
    """Seconds: what the server asked for, else WAIT x 1, 2, 4 …, at most 8."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.wait if isinstance(error, Again) else None
    return min(asked, _MOST_WAIT) if asked is not None else WAIT * min(2.0 ** (state.attempt_number - 1), 8.0)


def _say(stage: str, hub: str, state: "RetryCallState") -> None:
    """Log a line about a wait of some seconds, one a minute: nobody else can tell that and why nothing happens."""
    global _last_said  # noqa: PLW0603  # of all threads and corpora of this process
    error, seconds = state.outcome and state.outcome.exception(), state.upcoming_sleep
    now = time.monotonic()
    if seconds >= _SAID_FROM and now - _last_said >= _SAID_EVERY:
        _last_said = now
        logger.warning("%s: waiting %.0f s for %s: %s", stage, seconds, hub, error)
