"""The `sample` section: what decodes, what is refused, what it means."""

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest

from magicoder_gen.errors import ConfigError, PoorYield
from magicoder_gen.records import Counts
from magicoder_gen.sample.corpora.hub import Hub
from magicoder_gen.sample.corpora.local import Local
from magicoder_gen.sample.corpora.stdlib import Stdlib
from magicoder_gen.sample.corpora.tables import Tables
from magicoder_gen.sample.documents import Diverse, TwoStage, Uniform
from magicoder_gen.sample.options import SampleOptions
from magicoder_gen.sample.quality import presets
from magicoder_gen.sample.quality.min_code import MinCode
from magicoder_gen.sample.quality.syntax import Syntax
from magicoder_gen.sample.scan import ANY
from magicoder_gen.sample.strategies.paper_lines import PaperLines
from magicoder_gen.sample.strategies.spans import Spans


def decoded(**options: Any) -> SampleOptions:
    """Options as the configuration file gives them."""
    return msgspec.convert(options, SampleOptions, dec_hook=lambda kind, value: kind(value))


def test_every_key_decodes_from_the_configuration() -> None:
    """Blocks are chosen by `type`."""
    options = decoded(
        num=3,
        quotas={"python": 2, "c++": 9},
        corpora=[
            {"type": "stdlib", "weight": 1},
            {"type": "local", "path": "src", "languages": ["rust"], "exclude": ["x/**"], "weight": 0.5},
            {"type": "tables", "paths": ["a/*.parquet"], "language": "python", "repo": "r", "weight": 2},
            {"type": "hub", "dataset": "a/b", "language": "python", "weight": 2},
        ],
        strategy={"type": "spans", "max_lines": 9},
        documents={"type": "two_stage", "share": 0.2, "max_per_repo": 3},
        quality=[{"type": "min_code", "tokens": 5}, {"type": "near_duplicates"}],
    )
    assert options.corpora[0] == Stdlib(weight=1)
    assert options.corpora[1] == Local(path=Path("src"), languages=("rust",), exclude=("x/**",), weight=0.5)
    assert options.corpora[2] == Tables(paths=(Path("a/*.parquet"),), language="python", repo="r", weight=2)
    assert options.corpora[3] == Hub(dataset="a/b", language="python", weight=2)
    assert options.documents == TwoStage(share=0.2, max_per_repo=3)
    assert options.shares() == {"python": 2, "cpp": 9}
    assert options.weights() == (1, 0.5, 2, 2)
    assert options.checks()[0] == MinCode(tokens=5)
    rules = options.rules(976, spare=options.spare())
    assert rules.quality == (MinCode(tokens=5),)
    assert rules.wanted == {"python": 4, "cpp": 6}
    assert (rules.by_corpus, rules.per_repo) == (True, 3)


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"num": 0}, ">= 1"),
        ({"quotas": {"python": 0}}, ">= 1"),
        ({"corpora": []}, "length >= 1"),
        ({"corpora": [{"type": "locall", "path": "x"}]}, "locall"),
        ({"corpora": [{"type": "stdlib", "weight": 0}]}, "> 0"),
        ({"corpora": [{"type": "stdlib", "weight": 1}, {"type": "stdlib"}]}, "every corpus a weight"),
        ({"strategy": {"type": "lines", "max_lines": 0}}, ">= 1"),
        ({"strategy": {"type": "paper_lines", "max_documents": 0}}, ">= 1"),
        ({"strategy": {"type": "paper_lines"}, "quality": [{"type": "min_code"}]}, "leave out documents and quality"),
        ({"strategy": {"type": "paper_lines"}, "documents": {"type": "uniform"}}, "leave out documents and quality"),
        ({"strategy": {"type": "paper_lines"}, "corpora": [{"type": "stdlib", "weight": 1}]}, "leave out weight"),
        ({"documents": {"type": "two_stage", "share": 1.1}}, "<= 1"),
        ({"documents": {"type": "diverse", "pool": 11}}, "smaller than the number of seeds"),
        ({"quotas": {"pyhton": 3}}, "'pyhton' is not a language we know"),
        ({"quotas": {"C++": 3, "cpp": 3}}, "quotas name cpp twice"),
        ({"quality": "strickt"}, "strickt"),
        ({"quality": ["none"]}, "none"),
        ({"quality": [{"type": "min_code"}, {"type": "min_code"}]}, "two checks of the same type"),
        ({"quality": [{"type": "min_code", "tokens": 0}]}, ">= 1"),
        ({"numm": 1}, "numm"),
    ],
)
def test_impossible_options_do_not_decode(bad: dict[str, Any], says: str) -> None:
    """Ranges, names and what cannot go together are checked before anything runs."""
    with pytest.raises(msgspec.ValidationError) as refused:
        decoded(**bad)
    assert says in str(refused.value)


def test_presets_and_defaults() -> None:
    """Null is the default checks, nothing for the paper's procedure; an empty list and `none` are nothing."""
    assert SampleOptions().checks() == presets.DEFAULT
    assert SampleOptions(quality="strict").checks() == presets.STRICT
    assert SampleOptions(quality=()).checks() == SampleOptions(quality="none").checks() == ()
    assert SampleOptions(strategy=PaperLines()).checks() == ()
    assert SampleOptions().chosen_documents() == Uniform()


def test_a_list_may_name_a_preset() -> None:
    """A check of the list is one more, or takes the place of the preset's own, where that stands."""
    strict = decoded(quality=["strict", {"type": "min_code", "tokens": 9}]).checks()
    assert strict == tuple(MinCode(tokens=9) if isinstance(check, MinCode) else check for check in presets.STRICT)
    assert decoded(quality=["default", {"type": "syntax"}]).checks() == (*presets.DEFAULT, Syntax())
    assert decoded(quality=[{"type": "syntax"}, "default"]).checks() == (*presets.DEFAULT, Syntax())
    assert decoded(quality="default").checks() == presets.DEFAULT


def test_the_key_that_needs_an_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is read; what needs none asks for none."""
    monkeypatch.setitem(sys.modules, "tree_sitter", None)
    SampleOptions().check()
    with pytest.raises(
        ConfigError, match=r"^sample.quality: syntax: .*not installed; pip install .magicoder-gen\[code\]"
    ):
        SampleOptions(quality="strict").check()
    with pytest.raises(ConfigError, match=r"^sample.strategy: spans: tree-sitter is not"):
        SampleOptions(strategy=Spans()).check()


@pytest.mark.parametrize(
    ("num", "quotas", "wanted", "of"),
    [
        (None, {}, 12, {ANY: 12}),
        (5, {}, 5, {ANY: 5}),
        (None, {"python": 40, "cpp": 5}, 45, {"python": 40, "cpp": 5}),
        (9, {"python": 40, "cpp": 5}, 9, {"python": 9, "cpp": 5}),
        (99, {"python": 40, "cpp": 5}, 45, {"python": 40, "cpp": 5}),
    ],
)
def test_num_and_quotas(num: int | None, quotas: dict[str, int], wanted: int, of: dict[str, int]) -> None:
    """`num` is a limit over all quotas; alone it is the number of seeds."""
    options = SampleOptions(num=num, quotas=quotas)
    assert (options.wanted(), options.wanted_of()) == (wanted, of)


def test_every_language_gives_its_share_of_a_smaller_number() -> None:
    """A thousandth of the paper's recipe is a thousandth of each language."""
    quotas = {"python": 40_000, **dict.fromkeys(("cpp", "java", "rust", "php"), 5000)}
    split = SampleOptions(num=60, quotas=quotas).split()
    assert split == {"python": 40, "cpp": 5, "java": 5, "rust": 5, "php": 5}


def test_a_language_with_too_few_seeds_is_named(caplog: pytest.LogCaptureFixture) -> None:
    """The others are not."""
    SampleOptions(quotas={"python": 4, "rust": 5}).note_shortfall(Counter(python=4, rust=1))
    assert caplog.messages == ["sample: rust: 1 seeds of 5 wanted"]


def test_a_diverse_choice_has_a_pool_of_its_own() -> None:
    """More seeds out of the same pool begin with fewer."""
    options = SampleOptions(num=5, documents=Diverse(pool=50), quality="none")
    assert options.rules(1).wanted == {ANY: 50}


def test_too_few_seeds_are_a_warning_and_none_an_error(caplog: pytest.LogCaptureFixture) -> None:
    """The most frequent reasons are in the message; enough seeds are worth no word."""
    options = SampleOptions(num=5)
    options.require_yield(Counts(9, 5, {"empty": 4}))
    assert not caplog.records
    options.require_yield(Counts(9, 3, {"empty": 4, "binary": 2}))
    assert "asked for 5 seeds, found 3 in 9 documents (empty 4, binary 2)" in caplog.text


@pytest.mark.parametrize(
    ("documents", "key"), [(Diverse(pool=50), "pool"), (TwoStage(share=0.5), "share"), (Uniform(), None)]
)
def test_what_reads_or_keeps_a_part_can_be_told_to_take_more(
    documents: Any, key: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    """Too few seeds name the option that could give more, if there is one."""
    options = SampleOptions(num=5, documents=documents)
    remedy = f"raise sample.documents.{key}"
    options.require_yield(Counts(9, 3, {"empty": 6}))
    assert (remedy in caplog.text) == bool(key)
    with pytest.raises(PoorYield) as none:
        options.require_yield(Counts(9, 0, {"empty": 9}))
    assert (remedy in str(none.value)) == bool(key)
