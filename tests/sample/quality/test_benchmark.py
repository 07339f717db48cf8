"""Benchmark texts in snippets."""

from builders import a_snippet

from magicoder_gen.benchmarks import texts
from magicoder_gen.sample.quality.benchmark import Benchmarks

TEXT = next(item.text for item in texts.items("humaneval") if item.id == "HumanEval/3")


def test_a_benchmark_text_is_found_in_a_comment() -> None:
    """In any case and spacing; elsewhere in the document it does not count."""
    commented = "".join(f"# {line.upper()}\n" for line in TEXT.split("\n"))
    assert Benchmarks().reason(a_snippet(f"x = 1\n{commented}")) == "benchmark"
    assert Benchmarks().reason(a_snippet("x = 1\n", source=f"x = 1\n{commented}")) is None


def test_no_benchmark_no_reason() -> None:
    """Which ones is an option, whose data belongs to what decides the seeds."""
    assert Benchmarks(names=()).reason(a_snippet(TEXT)) is None
    assert Benchmarks(names=()).digests() == {}
    assert len(Benchmarks().digests()["humaneval"]) == 64
