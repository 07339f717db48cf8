"""From candidates to seeds."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from magicoder_gen.records import Origin
from magicoder_gen.sample.documents import Uniform
from magicoder_gen.sample.pools import Candidate, Draw
from magicoder_gen.sample.scan import ANY, Candidates, Rules
from magicoder_gen.sample.selection import Selection
from magicoder_gen.sample.strategies.lines import Lines


def candidates(*groups: tuple[str, int, list[str]]) -> Candidates:
    """Pools that hold documents with these texts, the first with the smallest key."""
    wanted = {language: 1000 for language, _, _ in groups}
    by_corpus = groups[0][1] >= 0
    rules = Rules(Lines(), (), 1, 100, wanted, "hash", by_corpus, None)
    found = Candidates(rules)
    for language, corpus, texts in groups:
        pool = found.pool((language, corpus))
        assert pool is not None
        for key, text in enumerate(texts):
            pool.taken += 1
            pool.offer(Candidate(key, Draw(text, text, language or "python", 1, 1, Origin("test"))))
    return found


def selection(
    found: Candidates,
    *,
    quotas: dict[str, int] | None = None,
    weights: tuple[float, ...] | None = None,
    accepts: Callable[[str], bool] | None = None,
) -> Selection:
    """A uniform choice."""
    return Selection(found, Uniform(), quotas=quotas or {}, weights=weights, accepts=accepts)


def texts(chosen: Selection, num: int) -> list[str]:
    """The seeds' texts, in order."""
    return [seed.text for seed in chosen.seeds(num)]


PYTHON = [f"p{number}" for number in range(40)]
SHELL = [f"s{number}" for number in range(4)]


def test_languages_take_turns_and_none_passes_its_quota() -> None:
    """A language that has too few leaves its places empty; the others do not fill them."""
    found = candidates(("python", -1, PYTHON), ("shell", -1, SHELL))
    seeds = texts(selection(found, quotas={"python": 8, "shell": 4}), 12)
    assert seeds[:6] == ["p0", "s0", "p1", "p2", "s1", "p3"]
    assert sum(seed.startswith("p") for seed in seeds) == 8
    assert len(texts(selection(found, quotas={"python": 8, "shell": 20}), 28)) == 12


@given(st.integers(1, 20), st.integers(1, 20), st.integers(1, 60), st.integers(1, 60))
def test_more_seeds_begin_with_fewer(python: int, shell: int, one: int, other: int) -> None:
    """Whatever the quotas: the first n seeds do not depend on how many follow."""
    found = candidates(("python", -1, PYTHON), ("shell", -1, SHELL))
    few, many = sorted((one, other))
    quotas = {"python": python, "shell": shell}
    assert texts(selection(found, quotas=quotas), many)[:few] == texts(selection(found, quotas=quotas), few)


def test_corpora_give_by_weight() -> None:
    """3 : 1, and one that ends gives way."""
    found = candidates((ANY, 0, PYTHON), (ANY, 1, SHELL))
    seeds = texts(selection(found, weights=(3.0, 1.0)), 8)
    assert sum(seed.startswith("s") for seed in seeds) == 2
    assert len(texts(selection(found, weights=(1.0, 1.0)), 40)) == 40


def test_a_text_that_two_corpora_hold_is_one_seed() -> None:
    """The second is a duplicate."""
    chosen = selection(candidates((ANY, 0, PYTHON[:3]), (ANY, 1, PYTHON[:5])), weights=(1.0, 1.0))
    assert sorted(texts(chosen, 10)) == PYTHON[:5]
    assert chosen.reasons == {"duplicate": 3}


def test_near_duplicates_give_way_to_the_next() -> None:
    """The check sees the seeds in their order; what it refuses takes no place of a quota."""
    seen: list[str] = []

    def accepts(text: str) -> bool:
        seen.append(text)
        return text not in {"p1", "p2"}

    chosen = selection(candidates(("python", -1, PYTHON)), quotas={"python": 3}, accepts=accepts)
    assert texts(chosen, 3) == ["p0", "p3", "p4"]
    assert seen == ["p0", "p1", "p2", "p3", "p4"]
    assert chosen.reasons["near_duplicate"] == 2
