"""The export stage: files that loaders take, the same bytes every time, nothing stale beside them."""

import logging
import re
from pathlib import Path

import msgspec
import pytest
from exporting import FACTS, a_run, a_sample, exported, files, load, rows

from magicoder_gen.categories.words import Words
from magicoder_gen.config import Config
from magicoder_gen.errors import ConfigError, CorruptData, PoorYield
from magicoder_gen.export.card import Card
from magicoder_gen.export.formats import FORMATS, Messages, ProblemSolution
from magicoder_gen.export.options import ExportOptions
from magicoder_gen.export.select import Select
from magicoder_gen.records import Counts
from magicoder_gen.storage import settings
from magicoder_gen.storage.shards import Layout

TEXTS = ["README.md", "axolotl.yaml", "dataset_info.json"]
MANY = [
    a_sample(number, repo=f"o/{number % 17}", language="rust" if number % 3 else "python", labels={"copied": "seed"})
    for number in range(60)
]
EVERYTHING = ExportOptions(
    formats=tuple(block() for block in FORMATS),
    splits={"train": 0.6, "validation": 0.2, "test": 0.2},
    where='labels.copied = "seed"',
    select=Select(rows=40, balance="language"),
)


def test_rows_come_in_the_order_of_the_samples(tmp_path: Path) -> None:
    """Every format has a row a sample; what is unknown is null, not absent."""
    directory = a_run(tmp_path, [a_sample(0, license="MIT"), a_sample(1)])
    entry = exported(directory)
    assert entry.counts == Counts(2, 2, {})
    assert [row["id"] for row in rows(directory, "problem_solution")] == ["id0", "id1"]
    chats = rows(directory, "messages")
    assert [row["license"] for row in chats] == ["MIT", None]
    assert [turn["content"] for turn in chats[1]["messages"]] == ["1: Do it.", "`Do it.`"]


@pytest.mark.parametrize("licenses", [[None] * 4, [None, None, None, "MIT"], ["MIT", None, None, None]])
def test_unknown_licences_load_across_parts(tmp_path: Path, licenses: list[str | None]) -> None:
    """A column that is null throughout one file, or throughout, is still a column of strings."""
    samples = [a_sample(number, license=name) for number, name in enumerate(licenses)]
    directory = a_run(tmp_path / "run", samples, layout=Layout(shard_bytes=300))
    exported(directory)
    assert len(list((directory.folder("data") / "messages").iterdir())) == 4
    for name in ("problem_solution", "messages"):
        loaded = load(directory, tmp_path / "cache", name)
        assert loaded["license"][:] == licenses
        assert loaded.features["license"].dtype == loaded.features["revision"].dtype == "string"


def test_parts_are_numbered_and_plain(tmp_path: Path) -> None:
    """Names say how many parts there are; the layout's compression is for our own stages only."""
    samples = [a_sample(number) for number in range(3)]
    directory = a_run(tmp_path, samples, layout=Layout(shard_bytes=300, compression="zstd"))
    entry = exported(directory)
    names = [f"train-0000{number}-of-00003.jsonl" for number in range(3)]
    assert [part.name for part in entry.parts["data/messages"]] == names
    assert sorted(path.name for path in (directory.folder("data") / "messages").iterdir()) == names
    assert len(rows(directory, "messages")) == 3


def test_a_second_export_leaves_nothing_of_the_first(tmp_path: Path) -> None:
    """Fewer parts or fewer formats: the files of the earlier export are gone."""
    exported(a_run(tmp_path, [a_sample(number) for number in range(3)], layout=Layout(shard_bytes=300)))
    directory = a_run(tmp_path, [a_sample()])
    exported(directory, ExportOptions(formats=(Messages(),)))
    assert list(files(directory)) == [*TEXTS, "messages/train-00000-of-00001.jsonl"]


def test_another_kind_and_other_splits_replace_the_first(tmp_path: Path) -> None:
    """Of the old files none is left, what others put there is."""
    directory = a_run(tmp_path, MANY)
    exported(directory, ExportOptions(splits={"train": 1, "test": 1}))
    (tmp_path / "data/messages/notes.txt").write_text("mine")
    exported(directory, ExportOptions(file="parquet", formats=(ProblemSolution(),)))
    expected = [*TEXTS, "messages/notes.txt", "problem_solution/train-00000-of-00001.parquet"]
    assert list(files(directory)) == expected
    assert not (tmp_path / "data/.export").exists()


def test_an_interrupted_export_leaves_the_earlier_one(tmp_path: Path) -> None:
    """Files appear once all rows are written; what a killed one left is removed by the next."""
    directory = a_run(tmp_path, [a_sample()])
    exported(directory)
    before = files(directory)
    part = next((tmp_path / "samples").iterdir())
    whole = part.read_bytes()
    part.write_bytes(whole + b"{broken}\n")
    with pytest.raises(CorruptData):
        exported(directory)
    assert files(directory) == before
    part.write_bytes(whole)
    (tmp_path / "data/.export/messages/train").mkdir(parents=True)
    (tmp_path / "data/.export/messages/train/part-00000.jsonl.tmp").write_text("half")
    exported(directory)
    assert files(directory) == before
    assert not (tmp_path / "data/.export").exists()


def test_splits_where_and_select_add_up(tmp_path: Path) -> None:
    """In = out + reasons; every row in one split, of every table the same; `datasets` gives each split back."""
    others = [a_sample(number, repo=f"o/{number}") for number in range(100, 107)]
    directory = a_run(tmp_path / "run", MANY + others)
    entry = exported(directory, EVERYTHING)
    assert entry.counts == Counts(67, 40, {"where": 7, "select": 20})
    found = {split: rows(directory, "messages", split) for split in EVERYTHING.splits}
    assert sum(map(len, found.values())) == 40
    repositories = [{row["repo"] for row in each} for each in found.values()]
    assert sum(map(len, repositories)) == len(set.union(*repositories)) == 17
    for split, each in found.items():
        loaded = load(directory, tmp_path / "cache", "messages", split=split)
        assert loaded["id"][:] == [row["id"] for row in each]
        for table in ("alpaca", "openai_metadata", "magicoder_metadata"):
            assert [row["id"] for row in rows(directory, table, split)] == [row["id"] for row in each]
    languages = [row["language"] for each in found.values() for row in each]
    assert (languages.count("python"), languages.count("rust")) == (20, 20)
    card = (tmp_path / "run/data/README.md").read_text()
    condition = 'Rows for which this holds (`where`):\n\n```text\nlabels.copied = "seed"\n```\n'
    asked = f"{condition}\nOf these (`select`): 40 rows, balanced by `language`.\n"
    assert f"| `export` | 67 | 40 | `where` 7, `select` 20 |\n\n{asked}" in card


def test_fewer_rows_keep_their_splits(tmp_path: Path) -> None:
    """What is chosen decides nothing about where it goes."""
    directory = a_run(tmp_path, MANY)
    exported(directory, msgspec.structs.replace(EVERYTHING, select=None))
    every = {row["id"] for row in rows(directory, "messages", "test")}
    exported(directory, EVERYTHING)
    assert {row["id"] for row in rows(directory, "messages", "test")} <= every


def test_a_split_without_rows_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """One repository cannot be divided; no configuration names files that are not there."""
    directory = a_run(tmp_path / "run", [a_sample(0), a_sample(1)])
    with caplog.at_level(logging.WARNING):
        exported(directory, ExportOptions(splits={"train": 1, "test": 1e-9}))
    assert [record.getMessage().split(":")[1] for record in caplog.records] == [" split test got no row"]
    assert load(directory, tmp_path / "cache").num_rows == 2


def test_a_split_far_from_its_share_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A test set that is three times as large as it was meant to be is no surprise later."""
    directory = a_run(tmp_path / "run", [a_sample(number, repo=f"owner/{number % 2}") for number in range(40)])
    with caplog.at_level(logging.WARNING):
        exported(directory, ExportOptions(splits={"train": 0.7, "test": 0.3}))
    sizes = {name: len(rows(directory, "messages", name)) for name in ("train", "test")}
    told = [record.getMessage() for record in caplog.records]
    assert sizes == {"train": 20, "test": 20}
    assert [line.partition(", 50 %")[0] for line in told] == [
        f"export: split {name} got 20 of 40 rows" for name in ("train", "test")
    ]


def test_a_condition_that_holds_for_none_leaves_the_earlier_export(tmp_path: Path) -> None:
    """Files and record both."""
    directory = a_run(tmp_path, [a_sample(), a_sample(1)])
    before = exported(directory), files(directory)
    with pytest.raises(PoorYield, match=r"export\.where holds for none of 2 samples"):
        exported(directory, ExportOptions(where="license is not null"))
    assert (directory.stages()["export"], files(directory)) == before
    assert not (tmp_path / "data/.export").exists()


def test_same_samples_same_bytes(tmp_path: Path) -> None:
    """Files and card depend on samples, options and facts alone."""
    for kind in ("jsonl", "parquet"):
        options = msgspec.structs.replace(EVERYTHING, file=kind)
        first, second = a_run(tmp_path / kind / "a", MANY), a_run(tmp_path / kind / "b", MANY)
        assert exported(first, options).parts == exported(second, options).parts
        assert files(first) == files(second)
        exported(second, options)
        assert files(first) == files(second)


def test_a_finished_export_is_recognised(tmp_path: Path) -> None:
    """Unchanged samples, options and facts are complete; a removed file or another sample is not."""
    directory = a_run(tmp_path, [a_sample()])
    exported(directory)
    inputs = {**ExportOptions().inputs(directory, Words()), "facts": msgspec.to_builtins(FACTS)}
    assert directory.is_complete("export", inputs)
    (directory.folder("data") / "README.md").unlink()
    assert not directory.is_complete("export", inputs)
    other = a_run(tmp_path, [a_sample(1)])
    assert ExportOptions().inputs(other, Words())["samples"] != inputs["samples"]


def test_no_samples_are_no_export(tmp_path: Path) -> None:
    """An empty data set is not a success, and nothing is written."""
    directory = a_run(tmp_path, [])
    with pytest.raises(PoorYield, match="no samples"):
        exported(directory)
    assert "export" not in directory.stages()
    assert list(files(directory)) == []


def test_options_come_from_yaml() -> None:
    """The section decodes; no format at all is an error."""
    section = {"formats": [{"type": "messages"}, {"type": "problem_solution"}], "card": {"license": "mit"}}
    options = msgspec.convert(section, ExportOptions)
    assert options == ExportOptions(formats=(Messages(), ProblemSolution()), card=Card(license="mit"))


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ("{formats: []}", "export.formats: expected list of length >= 1"),
        ("{formats: [{type: alpaca}, {type: alpaca}]}", "export: formats has alpaca more than once; both would be"),
        ("{file: csv}", "export.file: unknown name 'csv'; known here: jsonl, parquet"),
        ("{where: langage = 1}", "export: where, character 1, at langage: no field langage; did you mean language?"),
        ("{splits: {test: 1}}", "export: splits has no train"),
        ("{splits: {train: 1, all: 1}}", "export: splits has one that is called 'all'; use up to 40"),
        ("{splits: {train: 1, ../x: 1}}", "export: splits has one that is called '../x'"),
        ("{splits: {train: 1, train_00000: 1}}", "export: splits has one that is called 'train_00000'; use up to 40"),
        ("{splits: {train: 0}}", "export.splits"),
        ("{select: {rows: 0}}", "export.select.rows"),
        ("{select: {rows: 1, balance: x}}", "export.select: no field x; known are id, "),
    ],
)
def test_mistakes_name_file_line_key_and_remedy(tmp_path: Path, section: str, said: str) -> None:
    """One line, before anything is written."""
    source = tmp_path / "c.yaml"
    with pytest.raises(ConfigError) as raised:
        settings.decode(f"export: {section}\n", Config, source=source)
    assert str(raised.value).startswith(f"{source}:1: {said}")
    assert "\n" not in str(raised.value)


def test_every_configuration_of_the_page_is_accepted() -> None:
    """And every format has its line there."""
    page = (Path(__file__).parents[2] / "docs" / "export.md").read_text(encoding="utf-8")
    configs = re.findall(r"^```yaml\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    assert configs
    for config in configs:
        assert settings.decode(config, Config, source=Path("c.yaml")).export != ExportOptions()
    assert all(f"| `{block.folder}` |" in page for block in FORMATS)
