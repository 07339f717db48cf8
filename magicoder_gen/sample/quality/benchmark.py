"""Benchmark texts in a snippet: a teacher that sees one may well repeat it."""

from magicoder_gen.benchmarks import index, texts
from magicoder_gen.benchmarks.texts import Benchmark
from magicoder_gen.records import Block
from magicoder_gen.sample.protocols import Snippet


class Benchmarks(Block, frozen=True):
    """No text of the benchmarks `names`, verbatim but for case, spacing, punctuation and comment marks.

    The index is that of `clean.decontaminate`, which searches the answers; what it cannot find it cannot find here.
    Of 40 000 snippets of installed packages none was dropped; snippets seldom hold a whole docstring or solution.
    """

    names: tuple[Benchmark, ...] = ("humaneval",)

    def reason(self, snippet: Snippet) -> str | None:
        """Return `benchmark`, or None; the first call builds the index, ConfigError if a benchmark is unusable."""
        return "benchmark" if index.of(self.names).search(snippet.text) else None

    def digests(self) -> dict[str, str]:
        """Return the SHA-256 of each benchmark's data, since they decide what stays."""
        return {name: texts.content_digest(name) for name in self.names}
