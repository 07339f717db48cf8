"""The section `export` of the configuration."""

import re
from typing import Annotated, Any, Literal

import msgspec

from magicoder_gen.categories import AnyCategories
from magicoder_gen.errors import NothingDone
from magicoder_gen.export import where
from magicoder_gen.export.card import Card
from magicoder_gen.export.fields import CATEGORY
from magicoder_gen.export.formats import Format, Messages, ProblemSolution
from magicoder_gen.export.select import Select
from magicoder_gen.export.splits import TRAIN
from magicoder_gen.records import Counts, Options
from magicoder_gen.storage.rundir import RunDir, as_json

_NAME = re.compile(r"(?!.*_\d{5,}$)[a-z][a-z0-9_]{0,39}")  # what ends as the number of a part is another's name
_SHARE = Annotated[float, msgspec.Meta(gt=0, le=1e9)]
_RESERVED = "all"  # of datasets: every split at once


class ExportOptions(Options, frozen=True):
    """The section `export`. The first format is what loaders take when none is named.

    `file` is the kind of all files, but for formats that allow only one. `splits` are shares, in proportion; everything
    that comes from one repository is in one split, by hash. `where` is a condition, such as
    `language in ["python", "rust"] and labels.copied is null and solution_characters < 8000`; null exports all.
    `select` takes a number of what fulfils it; null takes all. Both may ask for the `category` of a sample, which the
    section `categories` tells.
    """

    formats: Annotated[tuple[Format, ...], msgspec.Meta(min_length=1)] = (ProblemSolution(), Messages())
    file: Literal["jsonl", "parquet"] = "jsonl"
    splits: dict[str, _SHARE] = msgspec.field(default_factory=lambda: {TRAIN: 1.0})
    where: str | None = None
    select: Select | None = None
    card: Card = Card()

    def __post_init__(self) -> None:
        where.compiled(self.where)
        if TRAIN not in self.splits:
            raise ValueError("splits has no train, which is where loaders look first; call one of them train")
        folders = [block.folder for block in self.formats]
        twice = next((name for name in folders if folders.count(name) > 1), None)
        if twice:
            raise ValueError(f"formats has {twice} more than once; both would be the folder data/{twice}")
        wrong = next((name for name in self.splits if name == _RESERVED or not _NAME.fullmatch(name)), None)
        if wrong is not None:
            raise ValueError(
                f"splits has one that is called {wrong!r}; use up to 40 of a-z, 0-9 and _, "
                "not all, and no number of a part, as _00000, at the end"
            )

    @property
    def asks_category(self) -> bool:
        """Whether `where` or `select` asks for the category of samples."""
        return CATEGORY in where.names(self.where) or (self.select is not None and self.select.asks_category)

    def inputs(self, run: RunDir, categories: AnyCategories) -> dict[str, Any]:
        """Return what decides the outcome, but for the facts that the card tells; `categories` if they are asked."""
        return {
            **as_json(self),
            "shard_bytes": run.layout.shard_bytes,
            "samples": _samples(run),
            **({"categories": categories.identity()} if self.asks_category else {}),
        }

    def require_yield(self, counts: Counts) -> None:
        """Raise NothingDone if there was nothing to export."""
        if counts.kept:
            return
        if counts.taken:
            raise NothingDone(
                f"export: export.where holds for none of {counts.taken} samples; change it, nothing was exported"
            )
        raise NothingDone("export: there are no samples to export; rejections/ or, after a purge, purges.jsonl say why")


def is_stale(run: RunDir) -> bool:
    """Whether data/ holds other samples than those that clean kept since."""
    entry = run.stages().get("export")
    return entry is not None and entry.state == "complete" and entry.inputs.get("samples") != _samples(run)


def _samples(run: RunDir) -> list[list[str]]:
    """Return name and SHA-256 of each part of samples/, as clean wrote them."""
    clean = run.stages().get("clean")
    return [[part.name, part.sha256] for part in clean.parts.get("samples", [])] if clean else []
