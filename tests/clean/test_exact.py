"""Which samples repeat an earlier one."""

import pytest
from builders import a_seed
from hypothesis import given
from hypothesis import strategies as st

from magicoder_gen.clean.exact import Exact, Key
from magicoder_gen.fingerprint import digest
from magicoder_gen.records import Sample


def a_sample(*, seed: str = "s", problem: str = "p", solution: str = "x", index: int = 0) -> Sample:
    """A sample of these texts, of the seed with that index."""
    return Sample(digest([seed, problem, solution]), "p0", a_seed(seed, index=index), problem, solution, "m", {})


@pytest.mark.parametrize("key", ["seed", "problem", "solution"])
def test_whitespace_does_not_make_a_text_new(key: Key) -> None:
    """A repeated text is named with the sample that stays; the other texts being new does not help."""
    memory = Exact().memory()
    first = a_sample(**{"seed": "s1", "problem": "p1", "solution": "x1"} | {key: "a b\n\tc"})
    texts = {"seed": "s2", "problem": "p2", "solution": "x2"} | {key: "ab c\u2003\r\n"}
    second = a_sample(**texts, index=1)
    assert memory.admit(first) is None
    assert memory.admit(second) == (key, first.id)


def test_a_rejected_sample_does_not_count_as_seen() -> None:
    """What repeats only a duplicate stays."""
    memory = Exact().memory()
    memory.admit(a_sample(seed="s1", problem="p1", solution="x1"))
    assert memory.admit(a_sample(seed="s1", problem="p2", solution="x2", index=1))
    assert memory.admit(a_sample(seed="s3", problem="p2", solution="x3", index=2)) is None


def test_answers_to_one_seed_are_told_apart_by_what_they_say() -> None:
    """The seed is no reason to drop them; another seed of the same text is, and so is a problem told twice."""
    memory = Exact().memory()
    first = a_sample(problem="p1", solution="x1")
    assert memory.admit(first) is None
    assert memory.admit(a_sample(problem="p2", solution="x2")) is None
    assert memory.admit(a_sample(problem="p3", solution="x3", index=1)) == ("seed", first.id)
    assert memory.admit(a_sample(problem="p1", solution="x4")) == ("problem", first.id)


def test_keys_can_be_chosen() -> None:
    """With one key, the other texts may repeat."""
    memory = Exact(keys=("solution",)).memory()
    memory.admit(a_sample(solution="x1"))
    assert memory.admit(a_sample(solution="x2")) is None
    assert memory.admit(a_sample(problem="q", solution="x1")) is not None


few = st.sampled_from(["a", "a ", "b", "c", ""])


@given(
    st.lists(
        st.builds(lambda s, p, x, i: a_sample(seed=s, problem=p, solution=x, index=i), few, few, few, st.integers(0, 1))
    )
)
def test_twice_is_once(samples: list[Sample]) -> None:
    """What one pass keeps, a second pass keeps whole, and the first sample is always kept."""
    once = Exact().memory()
    kept = [sample for sample in samples if once.admit(sample) is None]
    twice = Exact().memory()
    assert [sample for sample in kept if twice.admit(sample) is None] == kept
    assert kept[:1] == samples[:1]
