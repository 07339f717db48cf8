"""When to stop although prompts are left."""

from typing import Annotated

import msgspec

from magicoder_gen.errors import ConfigError
from magicoder_gen.records import Options, Positive, Traffic


class Reached(msgspec.Struct, frozen=True):
    """A limit that ends an exchange, in words, and what helps."""

    what: str
    remedy: str = "raise it to go on"


class Limits(Options, frozen=True):
    """When to stop although prompts are left; null is no limit.

    `max_cost` (USD) and `max_requests` count over all resumes of the run; requests under way, and those that may
    have been paid without an answer, count with the most they can cost, so the bill never passes `max_cost`.
    `max_requests` does not count what is sent again after a 429 or 5xx, since those are not paid.
    `max_duration` (seconds) counts from the start of this command. `target_accepted` ends the stage once so many
    answers have a problem and a solution. `grace` is how long (seconds) answers under way are waited for after a
    signal.
    """

    max_cost: Annotated[float, msgspec.Meta(gt=0)] | None = None
    max_requests: Positive | None = None
    max_duration: Annotated[float, msgspec.Meta(gt=0)] | None = None
    target_accepted: Positive | None = None
    grace: Annotated[float, msgspec.Meta(ge=0)] = 25.0

    def require_known_bill(self, so_far: Traffic) -> None:
        """Raise ConfigError if `max_cost` is set and what was sent before was sent without a price."""
        if self.max_cost is None or not so_far.requests:
            return
        if so_far.uncertain_cost is None or (so_far.replies and so_far.cost is None):
            raise ConfigError(
                f"generate.limits.max_cost cannot be kept: {so_far.requests} requests of this run were sent without "
                "a known price; remove the limit, or begin another --run"
            )
