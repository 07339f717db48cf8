"""The section `clean` of the configuration."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from magicoder_gen.clean import published
from magicoder_gen.clean.checks import DEFAULT, AnyCheck, protocol
from magicoder_gen.clean.decontaminate import Decontaminate
from magicoder_gen.clean.exact import Exact, Key
from magicoder_gen.clean.inputs import Input
from magicoder_gen.clean.markers import Markers
from magicoder_gen.clean.near import Near
from magicoder_gen.errors import PoorYield
from magicoder_gen.records import Counts, Options
from magicoder_gen.storage import optouts
from magicoder_gen.storage.rundir import RunDir, as_json

_SHOWN_REASONS = 3
_CUT_OFF = "parse:truncated"
_FOR_CUT_OFF = "generate with --redo-truncated TOKENS what was cut off, or change prompt or teacher"


class CleanOptions(Options, frozen=True):
    """The section `clean`. `input: null` cleans the teacher's replies, else rows made elsewhere.

    `exact: null` and `near: null` keep duplicates. Of duplicates stays, by `keep`: `best`, the one with the fewest
    labels, then the lowest id, whatever the order of the input; `first`, the one that comes first; `paper`, the one
    that comes first once samples that parse are shuffled as the paper's program does, and samples are written in that
    order. `published` names folders of earlier runs: what repeats their samples is dropped. They must have been
    cleaned with `index: true`, which keeps what duplicates are found by. `max_rejected` is the share of rows, 0 to 1,
    above which a finished stage counts as failed; what repeats published samples is not counted.
    """

    input: Input | None = None
    markers: Markers = Markers()
    checks: tuple[AnyCheck, ...] = DEFAULT
    exact: Exact | None = Exact()
    near: Near | None = Near()
    keep: Literal["best", "first", "paper"] = "best"
    decontaminate: Decontaminate = Decontaminate()
    published: tuple[Path, ...] = ()
    index: bool = False
    max_rejected: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.5

    def __post_init__(self) -> None:
        names = [protocol.name(check) for check in self.checks]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice:
            raise ValueError(f"checks has {twice} more than once; their labels could not be told apart")

    def inputs(self, run: RunDir, *, rows: Any) -> dict[str, Any]:
        """Return what decides the outcome; `rows` stands for the replies or rows in their order."""
        published.require_others(run.root, self.published)
        meaning = self.decontaminate.semantic
        return {
            **as_json(self),
            "decontaminate": as_json(self.decontaminate) | {"semantic": meaning and meaning.inputs()},
            "layout": as_json(run.layout),
            "rows": rows,
            "benchmark_sha256": self.decontaminate.digests(),
            "published_sha256": [published.content_digest(folder) for folder in self.published],
        }

    def check(self) -> None:
        """Raise ConfigError for what can be known to be wrong before anything is read."""
        self.decontaminate.check()
        if self.input:
            self.input.check()

    def _allowed(self, counts: Counts, repeated: int) -> str:
        if counts.kept or not repeated:
            return f"clean.max_rejected allows {self.max_rejected:.3%}".replace(".000", "")
        return f"the other {repeated} repeat what was published, and no sample is left"

    def exact_keys(self) -> tuple[Key, ...]:
        """Return which texts must be new."""
        return self.exact.keys if self.exact else ()

    def require_yield(self, counts: Counts, *, was_purged: bool = False) -> None:
        """Raise PoorYield if no sample or too few of them stayed.

        `was_purged` says that there may have been others, which `counts` do not know any more.
        """
        repeated = sum(count for reason, count in counts.reasons.items() if reason.endswith(f":{published.REASON}"))
        rejected = counts.taken - counts.kept - repeated
        if counts.taken == 0 and was_purged:
            raise PoorYield(f"clean: nothing is left to clean, since {optouts.LEDGER} lists what was purged")
        if counts.taken == 0:
            what = (
                "rows in clean.input.paths"
                if self.input
                else "replies to clean; run generate first, or see why its prompts failed"
            )
            raise PoorYield(f"clean: there are no {what}")
        if rejected <= self.max_rejected * counts.taken and (counts.kept or repeated == counts.taken):
            return
        blamed = {reason: count for reason, count in counts.reasons.items() if not reason.endswith(published.REASON)}
        top = Counter(blamed).most_common(_SHOWN_REASONS)
        causes = ", ".join(f"{reason} {count}" for reason, count in top)
        remedy = _FOR_CUT_OFF if _CUT_OFF in dict(top) else "change prompt or teacher"
        raise PoorYield(
            f"clean: {rejected} of {counts.taken} {'rows' if self.input else 'replies'} were rejected ({causes}), "
            f"{self._allowed(counts, repeated)}; read rejections/" + ("" if self.input else f", then {remedy}")
        )
