"""When what came back: the outcomes in a journal without their texts, so that long journals are read quickly."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from magicoder_gen.generate import journal
from magicoder_gen.records import Usage


class Answered(msgspec.Struct, frozen=True, tag_field="record", tag="reply"):
    """What a Reply says of itself; `at` is None in journals of earlier versions."""

    attempts: int
    usage: Usage | None
    cost: float | None
    at: float | None = None


class Failed(msgspec.Struct, frozen=True, tag_field="record", tag="failure"):
    """What a Failure says of itself."""

    kind: str
    at: float | None = None


class _Sent(msgspec.Struct, frozen=True, tag_field="record", tag="intent"):
    """An Intent, of which no moment is known."""


_decoder = msgspec.json.Decoder(Answered | Failed | _Sent)


def read(folder: Path) -> Iterator[Answered | Failed]:
    """Yield all outcomes, also those of prompts that were asked again, in the journal's order; raises CorruptData."""
    for entry, _, _ in journal.decoded(folder, _decoder):
        if not isinstance(entry, _Sent):
            yield entry
