"""What tokens cost: USD per million, from the configuration or a small dated table.

The table holds what OpenAI lists for its own endpoint, input and output, without discounts for cached input or
batches. Source: model_prices_and_context_window_backup.json of litellm 1.109.1, read on the date in TABLE_DATE.
A model that is not in it has no known price.
"""

import re
from typing import Annotated

import msgspec

from magicoder_gen.records import Options, Prompt, Sampling, Usage

Dollars = Annotated[float, msgspec.Meta(ge=0)]

MESSAGE = 16  # tokens at most that a server adds per message for its roles and marks


class Price(Options, frozen=True):
    """USD per million tokens; null is unknown."""

    input: Dollars | None = None
    output: Dollars | None = None

    def of(self, usage: Usage) -> float | None:
        """Return the cost in USD, None if a price is unknown."""
        return self._of(usage.input_tokens, usage.output_tokens)

    def at_most(self, prompt: Prompt) -> float | None:
        """Return what one request for `prompt` can cost at most in USD, None if that is not known.

        A token is at least one byte of text, so the bytes bound the input; `max_tokens` bounds the output.
        """
        asked = sum(len(turn.content.encode("utf-8", "replace")) + MESSAGE for turn in prompt.messages)
        answered = bound(prompt.sampling)
        return None if answered is None and self.output != 0 else self._of(asked, answered or 0)

    def _of(self, asked: int, answered: int) -> float | None:
        if self.input is None or self.output is None:
            return None
        return (asked * self.input + answered * self.output) / 1e6


FREE = Price(input=0.0, output=0.0)


def bound(sampling: Sampling) -> int | None:
    """Return how many tokens an answer can have, None if the request does not say."""
    said = (sampling.max_tokens, sampling.extra.get("max_completion_tokens"))
    return max((tokens for tokens in said if isinstance(tokens, int)), default=None)


def listed(model: str) -> Price | None:
    """Return OpenAI's own list price of a model, None if the table does not have it.

    A name with a date behind it that has no price of its own has that of the name without.
    """
    found = _TABLE.get(model) or _TABLE.get(re.sub(r"-\d{4}-\d{2}-\d{2}$", "", model))
    return Price(input=found[0], output=found[1]) if found else None


TABLE_DATE = "2026-11-23"
_TABLE: dict[str, tuple[float, float]] = {
    "gpt-3.5-turbo": (0.5, 1.5),
    "gpt-3.5-turbo-0125": (0.5, 1.5),
    "gpt-3.5-turbo-1106": (1.0, 2.0),
    "gpt-4-turbo": (10.0, 30.0),
    "gpt-4o": (2.5, 10.0),
    "gpt-4o-2024-05-13": (5.0, 15.0),
    "gpt-4o-mini": (0.15, 0.6),
    "gpt-4.1": (2.0, 8.0),
    "gpt-4.1-mini": (0.4, 1.6),
    "gpt-4.1-nano": (0.1, 0.4),
    "gpt-5": (1.25, 10.0),
    "gpt-5-mini": (0.25, 2.0),
    "gpt-5-nano": (0.05, 0.4),
    "gpt-5.1": (1.25, 10.0),
    "gpt-5.2": (1.75, 14.0),
    "gpt-5.4": (2.5, 15.0),
    "gpt-5.4-mini": (0.75, 4.5),
    "gpt-5.4-nano": (0.2, 1.25),
    "gpt-5.5": (5.0, 30.0),
    "gpt-5.6": (4.0, 20.0),
    "gpt-6-luna": (0.1, 0.5),
    "gpt-6-sol": (2.0, 10.0),
    "o1": (15.0, 60.0),
    "o3": (2.0, 8.0),
    "o3-mini": (1.1, 4.4),
    "o4-mini": (1.1, 4.4),
}
