"""Taking turns in proportion."""

from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from magicoder_gen.sample.shares import in_proportion

WEIGHTS = st.lists(st.integers(1, 50), min_size=1, max_size=6)


@given(WEIGHTS, st.integers(0, 300))
def test_every_source_has_its_share_at_any_time(weights: list[int], number: int) -> None:
    """After n items each source gave its exact share of n, give or take what rounding to whole items needs."""
    taken = list(islice(in_proportion((weight, iter([name] * 400)) for name, weight in enumerate(weights)), number))
    for name, weight in enumerate(weights):
        assert abs(taken.count(name) - number * weight / sum(weights)) <= max(1, len(weights) / 2)


@given(WEIGHTS)
def test_after_a_whole_round_the_shares_are_exact(weights: list[int]) -> None:
    """As many items as the weights add up to: each source gave as many as its weight."""
    taken = list(
        islice(in_proportion((weight, iter([name] * 400)) for name, weight in enumerate(weights)), sum(weights))
    )
    assert [taken.count(name) for name in range(len(weights))] == weights


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9)), max_size=5))
def test_a_source_that_ends_gives_way_and_nothing_is_lost(sources: list[tuple[int, int]]) -> None:
    """Every item comes once, each source's in its own order."""
    given_out = list(
        in_proportion((weight, iter([(name, n) for n in range(size)])) for name, (weight, size) in enumerate(sources))
    )
    for name, (_, size) in enumerate(sources):
        assert [n for source, n in given_out if source == name] == list(range(size))
    assert len(given_out) == sum(size for _, size in sources)
