"""No repository is in two splits, whatever else is exported."""

from collections import Counter, defaultdict

import pytest
from exporting import a_sample
from hypothesis import given
from hypothesis import strategies as st

from magicoder_gen.export.splits import Splits
from magicoder_gen.export.tally import Tally

names = st.one_of(st.none(), st.text("aAbB ", max_size=2))
shares = st.dictionaries(st.sampled_from(["train", "test", "validation"]), st.floats(0.001, 100), min_size=1)


@given(shares=shares, places=st.lists(st.tuples(names, names, st.sampled_from(["", "a = 1", "b"])), max_size=30))
def test_no_repository_document_or_snippet_is_in_two_splits(
    shares: dict[str, float], places: list[tuple[str | None, str | None, str]]
) -> None:
    """A repository however its name is written; without one, a document; without that, a snippet."""
    splits, found = Splits(shares), defaultdict(set)
    for number, (repo, path, text) in enumerate(places):
        split = splits.of(a_sample(number, text=text, repo=repo, path=path))
        assert split in shares
        if repo and repo.strip():
            found["repo", repo.strip().upper()].add(split)
        elif path and path.strip():
            found["path", path].add(split)
        elif text:
            found["text", text].add(split)
    assert all(len(each) == 1 for each in found.values())


@pytest.mark.parametrize(
    "form", ["https://github.com/{}", "{}.git", "github.com/{}", "git@github.com:{}", "{}/", " {}"]
)
def test_a_repository_is_one_however_it_is_written(form: str) -> None:
    """As it is where authors opt out: by its address, with what git puts behind it; and the card counts it once."""
    splits, tally = Splits({"train": 1, "test": 1}), Tally()
    for number in range(40):
        plain, other = (a_sample(number, repo=name) for name in (f"Org/r{number}", form.format(f"org/R{number}")))
        assert splits.of(plain) == splits.of(other)
        tally.add(plain)
        tally.add(other)
    assert len(tally.repositories) == 40


def test_blank_names_are_none() -> None:
    """Of samples that were cleaned when these counted: they do not make one repository of all rows."""
    splits, tally = Splits({"train": 1, "test": 1}), Tally()
    samples = [a_sample(number, repo="", path=f"f{number}.py") for number in range(40)]
    assert {splits.of(sample) for sample in samples} == {"train", "test"}
    for blank in ("", " "):
        tally.add(a_sample(0, repo=blank, path=""))
    assert tally.unplaced == 2
    assert not tally.repositories


def test_shares_are_kept_to() -> None:
    """Of 4000 repositories, about as many as asked for; rows without any source are shared out one by one."""
    splits = Splits({"train": 0.9, "validation": 0.05, "test": 0.05})
    for samples in (
        [a_sample(number, repo=f"owner/{number}") for number in range(4000)],
        [a_sample(number, repo=None, path=None, text="") for number in range(4000)],
    ):
        counts = Counter(splits.of(sample) for sample in samples)
        assert abs(counts["train"] - 3600) < 60
        assert abs(counts["test"] - 200) < 50


def test_weights_are_shares() -> None:
    """98 and 2 divide as 0.98 and 0.02 do, in any order; a larger share of train takes nothing from it."""
    samples = [a_sample(number, repo=f"owner/{number}") for number in range(500)]
    first = [Splits({"train": 98, "test": 2}).of(sample) for sample in samples]
    assert first == [Splits({"train": 0.98, "test": 0.02}).of(sample) for sample in samples]
    assert first == [Splits({"test": 2, "train": 98}).of(sample) for sample in samples]
    fewer = [Splits({"train": 0.5, "test": 0.5}).of(sample) for sample in samples]
    assert all(split == "train" for split, before in zip(first, fewer, strict=True) if before == "train")
    assert "test" in first
