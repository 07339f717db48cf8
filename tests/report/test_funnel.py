"""From prompts to rows."""

from hypothesis import given
from hypothesis import strategies as st

from magicoder_gen.records import Counts
from magicoder_gen.report import funnel
from magicoder_gen.storage.rundir import StageEntry

REASONS = st.dictionaries(
    st.sampled_from(["parse:no_problem", "row:not_json", "length:problem_short", "exact:seed", "decontaminate:mbpp"]),
    st.integers(1, 50),
)


def entry(taken: int, kept: int, reasons: dict[str, int]) -> StageEntry:
    """A finished stage."""
    return StageEntry("complete", "f", {}, counts=Counts(taken, kept, reasons))


@given(st.integers(0, 100), REASONS)
def test_each_step_adds_up_and_hands_all_on(kept: int, reasons: dict[str, int]) -> None:
    """What clean rejected is split between parsing and checking; nothing is lost in between."""
    taken = kept + sum(reasons.values())
    stages = {"generate": entry(taken + 3, taken, {"timeout": 3}), "clean": entry(taken, kept, reasons)}
    steps = funnel.steps(stages)
    assert [step.name for step in steps] == ["generate", "parse", "clean"]
    assert all(step.taken == step.kept + sum(step.lost.values()) for step in steps)
    assert [step.kept for step in steps[:-1]] == [step.taken for step in steps[1:]]
    assert steps[-1].kept == kept
    assert funnel.gaps(steps) == []


def test_the_most_frequent_reason_comes_first() -> None:
    """Then the alphabet."""
    (_, clean) = funnel.steps({"clean": entry(9, 3, {"a:x": 1, "b:x": 4, "c:x": 1})})
    assert list(clean.lost.items()) == [("b:x", 4), ("a:x", 1), ("c:x", 1)]


def test_a_gap_between_stages_is_told() -> None:
    """Clean ran before generate ended; seeds are asked about any number of times."""
    stages = {"sample": entry(9, 3, {"num": 6}), "generate": entry(6, 6, {}), "clean": entry(4, 4, {})}
    (gap,) = funnel.gaps(funnel.steps(stages))
    assert gap.startswith("parse took in 4, but generate has given out 6: clean ran on other answers")


def test_a_stale_export_is_told_as_such() -> None:
    """What to do is to export again; nothing was wrong with the answers."""
    stages = {"clean": entry(9, 7, {"exact:seed": 2}), "export": entry(8, 8, {})}
    (gap,) = funnel.gaps(funnel.steps(stages))
    assert gap.startswith("export took in 8, but clean has given out 7: data/ was written before")
    assert gap.endswith("run export again")
