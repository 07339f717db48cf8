"""What `sample --dry-run` says."""

import json
import re
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from magicoder_gen.sample import outlook
from magicoder_gen.sample.corpora.local import Local
from magicoder_gen.sample.corpora.tables import Tables
from magicoder_gen.sample.documents import TwoStage
from magicoder_gen.sample.options import SampleOptions
from magicoder_gen.sample.strategies.paper_lines import PaperLines


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
    path = tmp_path / "rows.parquet"
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path, row_group_size=50)
    return path


def test_every_quota_has_its_estimate(table: Path) -> None:
    """Documents of a column's languages are estimated from those tried, and so is what they give."""
    corpora = (Tables(paths=(table,), language_column="lang"),)
    options = SampleOptions(quotas={"python": 500, "rust": 400, "go": 3}, corpora=corpora)
    found = outlook.look(options, rng_seed=976)
    (corpus,) = found.corpora
    assert (corpus.documents, corpus.documents_to_read) == (1000, 1000)
    python, rust, go = found.languages
    assert (python.wanted, python.seeds) == (500, 500)
    assert rust.documents == pytest.approx(250, abs=20)
    assert rust.seeds == pytest.approx(250, abs=40)
    assert (go.documents, go.tried, go.seeds) == (0, 0, 0)
    assert python.fit < python.tried


def test_two_stage_reads_its_share(table: Path) -> None:
    """The bytes that would be read are those of the parts chosen."""
    corpora = (Tables(paths=(table,), language="python"),)
    found = outlook.look(SampleOptions(corpora=corpora, documents=TwoStage(share=0.2)), rng_seed=976)
    (corpus,) = found.corpora
    assert 0.1 < corpus.bytes_to_read / corpus.bytes <= 0.2
    assert corpus.documents_to_read in {150, 200}
    assert found.languages[0].documents == corpus.documents_to_read
    assert re.search(r"\((1\d|20)%\)", outlook.lines(found)[0])


def test_the_paper_reads_a_prefix(table: Path) -> None:
    """No more row groups than hold max_documents."""
    options = SampleOptions(
        corpora=(Tables(paths=(table,), language="python"),), strategy=PaperLines(max_documents=120)
    )
    assert outlook.look(options, rng_seed=976).corpora[0].documents_to_read == 150


def test_what_only_reading_can_tell_is_unknown(tmp_path: Path) -> None:
    """JSON lines do not say how many they are; a folder does, by language."""
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps({"content": "import os, sys\n"}) + "\n" for _ in range(5)))
    (tmp_path / "a.py").write_text("import os, sys\n")
    corpora = (Tables(paths=(tmp_path / "rows.jsonl",), language="python"), Local(path=tmp_path))
    found = outlook.look(SampleOptions(corpora=corpora, quotas={"python": 9}), rng_seed=976)
    assert [corpus.documents for corpus in found.corpora] == [None, 1]
    text = "\n".join(outlook.lines(found))
    assert "unknown documents" in text
    assert "python: 9 wanted, an unknown number can be had from unknown documents (of 6 tried, 6 were fit)" in text
