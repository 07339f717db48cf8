"""Which benchmarks are looked for in a sample, and where."""

import pytest

from magicoder_gen.benchmarks import texts
from magicoder_gen.clean import decontaminate
from magicoder_gen.clean.decontaminate import Decontaminate

TEXT = next(item.text for item in texts.items("humaneval") if item.id == "HumanEval/3")


@pytest.mark.parametrize(("problem", "solution"), [(TEXT, "x"), ("p", TEXT)])
def test_both_halves_of_a_sample_are_searched(problem: str, solution: str) -> None:
    """The span points into problem, a blank line and solution."""
    known = Decontaminate().index()
    assert known is not None
    match = decontaminate.find(known, problem, solution)
    assert match is not None
    assert match.item.id == "HumanEval/3"
    assert match.text.startswith(f"{problem}\n\n{solution}"[match.start : match.start + 20])


def test_off_reads_nothing() -> None:
    """Without benchmarks there is no index."""
    assert Decontaminate(verbatim="off").index() is None
    assert Decontaminate(benchmarks=()).index() is None
    assert Decontaminate(verbatim="off").digests() == {}
    assert len(Decontaminate().digests()["humaneval"]) == 64
