"""What `sample --dry-run` says."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from hub_server import serving

from magicoder_gen.errors import PoorYield
from magicoder_gen.sample import outlook
from magicoder_gen.sample.corpora.hub import Hub
from magicoder_gen.sample.corpora.local import Local
from magicoder_gen.sample.corpora.tables import Tables
from magicoder_gen.sample.documents import Prefix, TwoStage, Uniform
from magicoder_gen.sample.options import SampleOptions
from magicoder_gen.sample.outlook import Amount, LanguageOutlook, Outlook
from magicoder_gen.sample.quality.duplicates import NearDuplicates
from magicoder_gen.sample.strategies.paper_lines import PaperLines

FIT = "import os, sys\n"


def parquet(path: Path, rows: list[dict[str, Any]], *, row_group_size: int = 50) -> Path:
    """Write a table."""
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path, row_group_size=row_group_size)
    return path


def json_lines(path: Path, number: int) -> Path:
    """Write so many rows, a third of them empty."""
    rows = ({"content": f"import os, sys\nx = {index}\n" if index % 3 else ""} for index in range(number))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """1 000 rows in 20 row groups, a fourth of them Rust, every tenth without code."""
    rows = [
        {
            "content": "" if number % 10 == 5 else f"import os\nx = {number}\n" * 9,
            "lang": "rust" if number % 4 == 0 else "python",
        }
        for number in range(1000)
    ]
    return parquet(tmp_path / "rows.parquet", rows)


def looked(*corpora: Tables | Local | Hub, **options: Any) -> Outlook:
    """The outlook of these corpora, by default without any quality check."""
    return outlook.look(SampleOptions(corpora=corpora, **{"quality": "none", **options}), rng_seed=976)


def by_name(found: Outlook) -> dict[str, LanguageOutlook]:
    """Its languages."""
    return {language.language: language for language in found.languages}


def test_every_quota_has_its_estimate(table: Path) -> None:
    """Documents by language, the share that fits, what that gives, and why others do not fit."""
    found = looked(Tables(paths=(table,), language_column="lang"), quotas={"python": 500, "rust": 400, "go": 3})
    (corpus,) = found.corpora
    assert (corpus.files, corpus.documents, corpus.documents_to_read) == (1, Amount(1000), Amount(1000))
    python, rust, go = found.languages
    assert (python.wanted, python.documents, python.seeds) == (500, Amount(750), Amount(500, "about"))
    assert (rust.documents, rust.looked, rust.fit, rust.seeds) == (Amount(250), 250, 250, Amount(250, "about"))
    assert (go.documents, go.looked, go.seeds.number) == (Amount(0), 0, 0)
    assert python.refused == {"empty": 100}
    assert python.looked - python.fit == 100


def test_two_stage_reads_its_share(table: Path) -> None:
    """The bytes that would be read are those of the parts chosen."""
    found = looked(Tables(paths=(table,), language="python"), documents=TwoStage(share=0.2))
    (corpus,) = found.corpora
    assert corpus.bytes_to_read.number / corpus.bytes == pytest.approx(0.2, abs=0.02)
    assert corpus.documents_to_read == Amount(200)
    assert found.languages[0].documents == corpus.documents_to_read


def test_a_prefix_ends_where_enough_is_found(table: Path) -> None:
    """Not all is read: 90 seeds need about 100 documents, of which nine in ten fit."""
    found = looked(Tables(paths=(table,), language="python"), documents=Prefix(), num=90)
    (corpus,) = found.corpora
    assert corpus.documents_to_read == Amount(100, "about")
    assert corpus.bytes_to_read.number / corpus.bytes == pytest.approx(0.1, abs=0.02)
    assert found.languages[0].seeds == Amount(90, "about")


def test_a_prefix_goes_on_for_the_rarest_language(table: Path) -> None:
    """All is read if one quota cannot be filled, and of a corpus behind the last seed nothing."""
    corpora = (Tables(paths=(table,), language_column="lang"), Tables(paths=(table,), language="python"))
    filled = looked(*corpora, documents=Prefix(), quotas={"python": 9, "rust": 100})
    assert [corpus.documents_to_read.number for corpus in filled.corpora] == [pytest.approx(400, abs=5), 0]
    short = looked(*corpora, documents=Prefix(), quotas={"python": 9, "rust": 300})
    assert [corpus.documents_to_read.number for corpus in short.corpora] == [1000, 1000]


def test_a_prefix_with_weights_reads_of_every_corpus(table: Path) -> None:
    """Each corpus has to give as many as might be wanted of it."""
    corpora = [Tables(paths=(table,), language="python", weight=weight) for weight in (1, 3)]
    found = looked(*corpora, documents=Prefix(), num=90)
    assert [corpus.documents_to_read.number for corpus in found.corpora] == [100, 100]


def test_the_paper_reads_as_many_documents_of_each_language_over_all_corpora(table: Path) -> None:
    """`max_documents` of a language are read once, not of every corpus, and however few seeds are wanted."""
    corpora = [Tables(paths=(table,), language=language) for language in ("python", "python", "rust")]
    paper = PaperLines(max_documents=1200)
    found = looked(*corpora, strategy=paper, quotas={"python": 3000, "rust": 5}, num=4)
    assert [corpus.documents_to_read.number for corpus in found.corpora] == [1000, 200, 1000]
    python, rust = found.languages
    assert (python.documents, rust.documents) == (Amount(1200), Amount(1000))


def test_the_paper_refuses_nothing_but_what_has_no_line(tmp_path: Path) -> None:
    """A line of any length, a NUL, mere space: the published procedure draws from them."""
    rows = [{"content": text} for text in ("x" * 20_000, "a\0", " ", "")]
    corpus = Tables(paths=(parquet(tmp_path / "rows.parquet", rows),), language="python")
    assert looked(corpus, strategy=PaperLines()).languages[0].refused == {"empty": 1}
    assert looked(corpus).languages[0].refused.keys() == {"too_long_line", "binary", "empty"}


def test_tables_sorted_by_language_are_seen_to_their_end(tmp_path: Path) -> None:
    """What is rare and comes last counts: estimates lie near the truth."""
    rows = [{"content": f"{FIT}x = {number}\n", "lang": "python"} for number in range(40_000)]
    rows += [{"content": f"{FIT}x = {number}\n", "lang": "rust"} for number in range(4_000)]
    path = parquet(tmp_path / "rows.parquet", rows, row_group_size=1000)
    found = by_name(looked(Tables(paths=(path,), language_column="lang"), quotas={"python": 9, "rust": 9000}))
    assert found["python"].documents.number == pytest.approx(40_000, rel=0.1)
    assert found["rust"].documents.number == pytest.approx(4_000, rel=0.3)
    assert found["rust"].seeds.bound == "about"


def test_every_file_is_looked_into_where_only_rows_tell_the_language(tmp_path: Path) -> None:
    """A small file in a language of its own is not passed over beside large ones."""
    large = [{"content": f"{FIT}x = {number}\n" * 20, "lang": "python"} for number in range(20_000)]
    small = [{"content": f"{FIT}x = {number}\n", "lang": "rust"} for number in range(400)]
    paths = [
        parquet(tmp_path / f"{number}.parquet", rows, row_group_size=20_000)
        for number, rows in enumerate((large, small))
    ]
    rust = by_name(looked(Tables(paths=tuple(paths), language_column="lang"), quotas={"rust": 500}))["rust"]
    assert (rust.documents, rust.seeds) == (Amount(400, "about"), Amount(400, "about"))


def test_a_language_that_is_rare_in_a_folder_is_tried(tmp_path: Path) -> None:
    """Each language has its own tries, so that its estimate is one."""
    for number in range(1200):
        (tmp_path / f"{number:04}.py").write_text(f"{FIT}x = {number}\n")
    (tmp_path / "z.rs").write_text("fn main() { run(1) }\n")
    found = by_name(looked(Local(path=tmp_path), quotas={"python": 3, "rust": 3}))
    assert (found["rust"].looked, found["rust"].seeds.number) == (1, 1)


def test_a_table_of_unknown_length_gives_at_least_what_was_seen(tmp_path: Path) -> None:
    """Numbers that only reading can tell are bounds, those of other corpora stay."""
    (tmp_path / "a.py").write_text(FIT)
    rows = Tables(paths=(json_lines(tmp_path / "rows.jsonl", 30_000),), language="python")
    found = looked(rows, Local(path=tmp_path), num=90_000)
    assert found.corpora[1].documents == Amount(1)
    assert found.corpora[0].documents.bound == "at least"
    assert 1000 <= found.corpora[0].documents.number < 30_000
    assert found.languages[0].seeds.bound == "at least"
    assert 600 <= found.languages[0].seeds.number < 20_001


def test_a_short_table_is_counted(tmp_path: Path) -> None:
    """One that ends before enough is looked at has a known length."""
    found = looked(Tables(paths=(json_lines(tmp_path / "rows.jsonl", 30),), language="python"), num=30)
    assert found.corpora[0].documents == Amount(30)
    assert found.languages[0].seeds == Amount(20, "about")


def test_what_no_language_can_use_is_counted(tmp_path: Path) -> None:
    """Languages without a quota, and rows that are damaged."""
    rows = [json.dumps({"content": FIT, "lang": "python" if number % 2 else "go"}) for number in range(10)]
    (tmp_path / "rows.jsonl").write_text("\n".join([*rows, "{torn"]))
    found = looked(Tables(paths=(tmp_path / "rows.jsonl",), language_column="lang"), quotas={"python": 5})
    assert (found.passed, found.unusable) == (11, {"no_quota": 5, "bad_row": 1})


def test_a_hub_is_looked_at_by_a_few_row_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small part of the bytes crosses the network."""
    monkeypatch.setenv("HF_TOKEN_PATH", str(tmp_path / "none"))
    monkeypatch.setattr("magicoder_gen.sample.glimpse.POINTS_BYTES", 0)
    noise = (hashlib.shake_256(str(number).encode()).hexdigest(400) for number in range(4000))
    rows = [{"content": f"x = '{text}'\n"} for text in noise]
    (tmp_path / "data").mkdir()
    parquet(tmp_path / "data" / "rows.parquet", rows, row_group_size=100)
    with serving(tmp_path / "data") as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        found = looked(Hub(dataset="owner/name", language="python"), num=9)
        assert found.corpora[0].documents_to_read == Amount(4000)
        assert server.served < found.corpora[0].bytes / 4


def test_nothing_to_be_had_is_the_error_that_sampling_ends_with(tmp_path: Path) -> None:
    """With the reasons; one seed is enough to go on."""
    (tmp_path / "a.py").write_text("")
    options = SampleOptions(corpora=(Local(path=tmp_path),))
    with pytest.raises(PoorYield, match=r"none of 1 documents in local .* \(empty 1\)"):
        outlook.require_yield(outlook.look(options, rng_seed=976), options)
    (tmp_path / "b.py").write_text(FIT)
    outlook.require_yield(outlook.look(options, rng_seed=976), options)


def test_an_empty_folder_is_the_error_that_sampling_ends_with(tmp_path: Path) -> None:
    """No document at all."""
    options = SampleOptions(corpora=(Local(path=tmp_path),))
    with pytest.raises(PoorYield, match="no document in local"):
        outlook.require_yield(outlook.look(options, rng_seed=976), options)


def test_documents_in_other_languages_are_counted_as_sampling_counts_them(tmp_path: Path, table: Path) -> None:
    """Those that nobody looks at, for the folder or the table tells their language, and all of those that are."""
    for number in range(33):
        (tmp_path / f"{number}.py").write_text(FIT)
    (tmp_path / "a.rs").write_text("")
    corpora = (Local(path=tmp_path, exclude=("*.parquet",)), Tables(paths=(table,), language="python"))
    options = SampleOptions(corpora=corpora, quotas={"rust": 3})
    with pytest.raises(PoorYield, match=r"none of 1034 documents in .* \(no_quota 1033, empty 1\)"):
        outlook.require_yield(outlook.look(options, rng_seed=976), options)


@pytest.mark.parametrize(
    "options", [{"quality": (NearDuplicates(),)}, {"quality": "none", "documents": Uniform(max_per_repo=3)}]
)
def test_what_compares_seeds_makes_the_estimate_a_bound(table: Path, options: dict[str, Any]) -> None:
    """How many fall out nobody knows before."""
    found = looked(Tables(paths=(table,), language="python", repo="lang"), num=90, **options)
    assert found.languages[0].seeds == Amount(90, "at most")


def test_a_prefix_may_read_further_than_estimated(table: Path) -> None:
    """Where languages or repositories must be found, or seeds fall out: the estimate is the least."""
    by_language = Tables(paths=(table,), language_column="lang", repo="lang")
    for options in ({"quotas": {"rust": 50}}, {"num": 50, "documents": Prefix(max_per_repo=25)}):
        (corpus,) = looked(by_language, **{"documents": Prefix(), **options}).corpora
        assert corpus.documents_to_read.bound == corpus.bytes_to_read.bound == "at least"
