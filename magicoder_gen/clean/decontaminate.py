"""Benchmark texts in samples: which to look for, where, and what follows from finding one."""

from typing import Literal

from magicoder_gen.benchmarks import index, texts
from magicoder_gen.benchmarks.index import Index, Match
from magicoder_gen.benchmarks.texts import Benchmark
from magicoder_gen.records import Options


class Decontaminate(Options, frozen=True):
    """Which benchmarks to look for, and what becomes of a sample that holds one of their texts.

    `drop` rejects it, `flag` keeps it with the label `contaminated`, `off` does not look.
    """

    benchmarks: tuple[Benchmark, ...] = ("humaneval",)
    verbatim: Literal["drop", "flag", "off"] = "drop"

    def index(self) -> Index | None:
        """Return the searchable benchmarks, None if there is nothing to look for."""
        return None if self.verbatim == "off" or not self.benchmarks else index.of(self.benchmarks)

    def digests(self) -> dict[str, str]:
        """Return the SHA-256 of each benchmark's data, since they decide what stays."""
        names = () if self.verbatim == "off" else self.benchmarks
        return {name: texts.content_digest(name) for name in names}


def find(known: Index, problem: str, solution: str) -> Match | None:
    """Return the first benchmark text of a sample; its span is in `problem`, a blank line and `solution` joined."""
    return known.search(f"{problem}\n\n{solution}")
