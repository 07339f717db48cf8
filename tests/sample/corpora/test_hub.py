"""A dataset on the hub as documents: columns, fragments, and what is wrong in the configuration."""

import multiprocessing
import pickle
from pathlib import Path
from typing import Any

import msgspec
import pyarrow
import pyarrow.parquet
import pytest
from builders import documents_of
from hub_builders import TOKEN, everything, refusal, texts, write
from hub_server import serving

from magicoder_gen.errors import ConfigError
from magicoder_gen.records import Origin
from magicoder_gen.sample.corpora.hub import Hub, Lost, RowGroup
from magicoder_gen.sample.protocols import Corpus, Document, Fragment, Skipped


def test_reads_every_row_in_the_order_of_files_and_says_where_it_is_from(dataset: Path, at: Any) -> None:
    """Rows come in file order; columns become the origin, a list of licences one word; the commit is in the corpus."""
    columns = {"repo": "max_stars_repo_name", "path": "max_stars_repo_path", "license": "licenses"}
    with serving(dataset) as server:
        corpus = at(server, **columns)
        assert texts(corpus) == everything()
        first = next(iter(documents_of(corpus)))
    assert isinstance(first, Document)
    assert first.language == "python"
    assert first.locate() == Origin("hub:owner/name@0123456789ab", "a/b", "src/a_0.py", None, "MIT, ISC")


def test_language_by_the_extension_of_the_path(dataset: Path, at: Any) -> None:
    """Without a language, the column `path` tells it."""
    with serving(dataset) as server:
        corpus = at(server, language=None, path="max_stars_repo_path", data_dir="rust")
        found = list(documents_of(corpus))
        assert [part.languages for part in corpus.fragments()] == [None]
    assert [one.language for one in found if isinstance(one, Document)] == ["python"] * 5


@pytest.mark.parametrize("options", [{"language": None}, {"language_column": "lang"}])
def test_a_language_is_said_in_one_way(options: dict[str, Any], at: Any) -> None:
    """Without any word on the language, or with two, the configuration is wrong."""
    with pytest.raises(msgspec.ValidationError, match="language_column"):
        msgspec.convert({"type": "hub", "dataset": "owner/name", "language": "python", **options}, Hub)


def test_fragments_say_what_they_hold_without_reading_it(dataset: Path, at: Any) -> None:
    """One per row group, named by path and number, with rows, languages and the bytes of the needed columns."""
    with serving(dataset) as server:
        found = at(server).fragments()
        assert server.served < 2 * (1 << 16) + 1
    metadata = pyarrow.parquet.read_metadata(dataset / "python/train-00000.parquet")
    content = metadata.row_group(1).column(3)
    assert [part.id for part in found] == [f"python/train-0000{file}.parquet:{n}" for file in (0, 1) for n in range(4)]
    assert found[1].bytes == content.total_compressed_size
    assert (found[1].documents, found[1].languages) == (10, {"python": 10})


def _contents(part: RowGroup) -> list[bytes]:
    """What a worker does."""
    return [one.content for one in part.read() if isinstance(one, Document)]


def test_a_fragment_is_read_in_another_process(dataset: Path, at: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fragment carries all it needs but the token, which the other process looks up."""
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with serving(dataset, token=TOKEN, gated=True) as server:
        parts = at(server).fragments()[3:5]
        assert TOKEN.encode() not in pickle.dumps(parts)
        assert TOKEN not in repr(parts)
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            found = pool.map(_contents, parts)
            pool.close()
            pool.join()
        assert found == [_contents(part) for part in parts]
    assert len(found[0]) == 10


def test_a_folder_without_parquet_files_shows_the_folders_there_are(dataset: Path, at: Any) -> None:
    """The nearest folder that exists is listed, and the hub's own conversion is mentioned."""
    (dataset / "python" / "empty").mkdir()
    with serving(dataset) as server:
        wrong = str(refusal(at(server, data_dir="pyhton/deep")))
        empty = str(refusal(at(server, data_dir="python/empty")))
    assert "no parquet file in data_dir 'pyhton/deep' at revision 'main'" in wrong
    assert "its root has the folders python, rust; correct data_dir" in wrong
    assert "refs/convert/parquet" in wrong
    assert "python/empty has no folder" in empty


def test_a_column_that_no_file_has_is_a_mistake(dataset: Path, at: Any) -> None:
    """The message names the column that lacks and those that are there."""
    with serving(dataset) as server:
        error = refusal(at(server, text="code"))
    assert isinstance(error, ConfigError)
    assert "no column 'code', but max_stars_repo_path, " in str(error)


def test_a_column_that_some_files_lack_costs_their_rows(dataset: Path, at: Any) -> None:
    """The others are read; the rows of the odd file are counted and the file is named."""
    write(dataset, "python/odd.parquet", [{"text": "a\n"}] * 7)
    with serving(dataset) as server:
        found = [part for part in at(server).fragments() if isinstance(part, Lost)]
    assert [(lost.id, lost.documents, lost.languages) for lost in found] == [("python/odd.parquet", 7, {})]
    (skipped,) = found[0].read()
    assert isinstance(skipped, Skipped)
    assert (skipped.reason, skipped.count) == ("no_column", 7)
    assert "owner/name/python/odd.parquet has no column 'content'" in str(skipped.detail)


def test_fragments_are_what_the_stage_takes(dataset: Path, at: Any) -> None:
    """Row groups and what stands for lost files fulfil the protocols."""
    with serving(dataset) as server:
        corpus: Corpus = at(server, weight=2.5)
        part: Fragment = corpus.fragments()[0]
    lost: Fragment = Lost("a", Skipped("bad_file", Origin("test")), 1)
    assert (corpus.weight, corpus.title(), part.documents, lost.bytes) == (2.5, "hub owner/name/python", 10, 0)


@pytest.mark.parametrize("name", ["starcoderdata", "../x", "a/b/c", "https://huggingface.co/a/b"])
def test_a_dataset_is_owner_and_name(name: str) -> None:
    """Anything else is a mistake of the configuration."""
    with pytest.raises(msgspec.ValidationError, match='dataset is "owner/name"'):
        msgspec.convert({"type": "hub", "dataset": name, "language": "python"}, Hub)
