"""A few seeds, quickly."""

from collections import Counter
from pathlib import Path

import pytest

from magicoder_gen.errors import PoorYield
from magicoder_gen.sample import few
from magicoder_gen.sample.corpora.local import Local
from magicoder_gen.sample.options import SampleOptions
from magicoder_gen.sample.strategies.paper_lines import PaperLines


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """Three files of Python for each of Rust."""
    for number in range(60):
        text = "".join(f"value_{number}_{line} = compute({line})\n" for line in range(30))
        (tmp_path / f"a{number}.{'rs' if number % 4 == 0 else 'py'}").write_text(text)
    return tmp_path


def test_seeds_are_repeatable_and_of_different_documents(code: Path) -> None:
    """As many as asked for, never more than the configuration wants; another rng_seed gives others."""
    options = SampleOptions(num=1000, corpora=(Local(path=code),))
    seeds = few.draw(options, 20, rng_seed=1)
    assert [seed.index for seed in seeds] == list(range(20))
    assert len({seed.origin.path for seed in seeds}) == 20
    assert few.draw(options, 20, rng_seed=1) == seeds
    assert few.draw(options, 20, rng_seed=2) != seeds
    assert len(few.draw(SampleOptions(num=5, corpora=(Local(path=code),)), 20, rng_seed=1)) == 5
    assert len(few.draw(options, 200, rng_seed=1)) == 60


def test_quotas_are_kept_in_proportion(code: Path) -> None:
    """And a language without quota gives nothing."""
    options = SampleOptions(quotas={"python": 300, "rust": 100}, corpora=(Local(path=code),))
    assert Counter(seed.language for seed in few.draw(options, 16, rng_seed=1)) == {"python": 12, "rust": 4}
    only = SampleOptions(quotas={"rust": 100}, corpora=(Local(path=code),))
    assert {seed.language for seed in few.draw(only, 16, rng_seed=1)} == {"rust"}


def test_the_published_procedure_has_its_own_windows(code: Path) -> None:
    """Of 1 to 15 lines, not whole documents."""
    options = SampleOptions(num=20, corpora=(Local(path=code),), strategy=PaperLines())
    seeds = few.draw(options, 20, rng_seed=976)
    assert len(seeds) == 20
    assert all(seed.last_line - seed.first_line < 15 for seed in seeds)


def test_a_corpus_that_gives_nothing_says_so(tmp_path: Path) -> None:
    """With what tells why."""
    (tmp_path / "a.py").write_text("\n")
    with pytest.raises(PoorYield, match="--dry-run"):
        few.draw(SampleOptions(num=3, corpora=(Local(path=tmp_path),)), 3, rng_seed=1)
