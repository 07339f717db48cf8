"""Which candidates stay does not depend on the order or the place in which they are found."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from magicoder_gen.records import Origin
from magicoder_gen.sample.pools import Candidate, Draw, Pool

KEYS = st.integers(0, 200)
OFFERS = st.lists(st.tuples(KEYS, st.sampled_from(["a/a", "b/b", None])), max_size=60)
REFUSALS = st.lists(st.tuples(KEYS, st.sampled_from(["empty", "binary"])), max_size=20)


def a_candidate(key: int, repo: str | None = None, path: str = "a.py") -> Candidate:
    """The first line of a document that is its key; equal keys are equal documents."""
    return Candidate(key, Draw(str(key), f"{key}\n", "python", 1, 1, Origin("test", repo=repo, path=path)))


def a_pool(offers: list[tuple[int, str | None]], capacity: int, *, per_repo: int | None = None) -> Pool:
    """A pool that was offered documents with these keys."""
    pool = Pool(capacity, shift=2, per_repo=per_repo)
    for key, repo in offers:
        pool.taken += 1
        pool.offer(a_candidate(key, repo))
    return pool


@given(st.lists(KEYS, max_size=60), st.integers(1, 12))
def test_the_smallest_keys_stay(keys: list[int], capacity: int) -> None:
    """Candidates are the `capacity` smallest different keys, ascending, with the number of their copies."""
    found = a_pool([(key, None) for key in keys], capacity).candidates()
    assert [candidate.key for candidate in found] == sorted(set(keys))[:capacity]
    assert [1 + candidate.copies for candidate in found] == [keys.count(candidate.key) for candidate in found]


@given(
    st.lists(st.tuples(KEYS, st.sampled_from("abc")), max_size=60, unique_by=lambda pair: pair[0]), st.integers(1, 9)
)
def test_no_repository_gives_more_than_its_cap(offers: list[tuple[int, str | None]], capacity: int) -> None:
    """The two smallest keys of each repository, and of these the smallest: as if all had been seen at once."""
    of_repo: Counter[str | None] = Counter()
    expected = []
    for key, repo in sorted(offers):
        of_repo[repo] += 1
        expected += [key] if of_repo[repo] <= 2 else []
    pool = a_pool(offers, capacity, per_repo=2)
    assert [candidate.key for candidate in pool.candidates()] == expected[:capacity]


@given(st.data(), OFFERS, REFUSALS, st.integers(1, 12), st.sampled_from([None, 1, 2]))
def test_order_and_division_of_the_work_do_not_matter(
    data: st.DataObject,
    offers: list[tuple[int, str | None]],
    refusals: list[tuple[int, str]],
    capacity: int,
    per_repo: int | None,
) -> None:
    """Shuffled, divided over three workers, merged in any order: the same candidates and reasons as in one pass."""
    work = [("offer", key, repo) for key, repo in offers] + [("refuse", key + 1000, why) for key, why in refusals]

    def done(share: list[tuple[str, int, str | None]]) -> Pool:
        pool = Pool(capacity, shift=2, per_repo=per_repo)
        for kind, key, what in share:
            pool.taken += 1
            if kind == "offer":
                pool.offer(a_candidate(key, what))
            else:
                pool.refuse(key - 1000, str(what))
        return pool

    once = done(work)
    shuffled = data.draw(st.permutations(work))
    merged = Pool(capacity, shift=2, per_repo=per_repo)
    for number in data.draw(st.permutations([0, 1, 2])):
        merged.merge(done(shuffled[number::3]).state())
    assert merged.candidates() == once.candidates()
    assert merged.reasons() == once.reasons()
    assert (merged.taken, merged.limit) == (once.taken, once.limit)


def test_reasons_are_those_before_the_last_bucket_that_counts() -> None:
    """Behind the largest key nobody looks, so nothing is said of it; a pool that is not full says all."""
    pool = a_pool([(1, None), (9, None)], 2)
    for key in (0, 3, 8, 11, 100):
        pool.refuse(key, "empty")
    assert pool.limit == 9 >> 2
    assert pool.reasons() == {"empty": 2}
    half_full = a_pool([(1, None)], 2)
    half_full.refuse(100, "empty")
    assert half_full.reasons() == {"empty": 1}


def test_equal_documents_are_represented_by_the_same_origin() -> None:
    """Which of two copies is read first does not show."""
    for paths in ("ab", "ba"):
        pool = Pool(1, shift=0)
        for path in paths:
            pool.offer(a_candidate(1, path=path))
        (candidate,) = pool.candidates()
        assert (candidate.draw.origin.path, candidate.copies) == ("b", 1)
