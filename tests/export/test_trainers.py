"""What trainers are told of the data fits it, by their documented keys; test_trainers_real.py runs them."""

import json
from pathlib import Path
from typing import Any, Literal

import pytest
import yaml
from exporting import a_run, a_sample, exported

from magicoder_gen.export.formats import FORMATS, Alpaca, Format, Messages, Openai, PromptCompletion
from magicoder_gen.export.options import ExportOptions
from magicoder_gen.storage.shards import Layout

SAMPLES = [a_sample(number, repo=f"o/{number}") for number in range(40)]


def told(folder: Path, options: ExportOptions, *, layout: Layout | None = None) -> tuple[dict[str, Any], Any]:
    """Export, and return dataset_info.json and axolotl.yaml."""
    exported(a_run(folder, SAMPLES, layout=layout), options)
    data = folder / "data"
    return json.loads((data / "dataset_info.json").read_text()), yaml.safe_load((data / "axolotl.yaml").read_text())


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_llama_factory_finds_every_row_by_the_columns_named(tmp_path: Path, kind: Literal["jsonl", "parquet"]) -> None:
    """An entry a file: task and answer are where columns and tags say, and no split holds another's rows."""
    from datasets import load_dataset

    splits = {"train": 0.7, "test": 0.3}
    formats = tuple(block() for block in FORMATS)
    entries, _ = told(
        tmp_path, ExportOptions(formats=formats, file=kind, splits=splits), layout=Layout(shard_bytes=9000)
    )
    seen: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for name, entry in entries.items():
        assert set(entry) <= {"file_name", "formatting", "columns", "tags"}
        path = tmp_path / "data" / entry["file_name"]
        reader = "parquet" if path.suffix == ".parquet" else "json"
        loaded = load_dataset(reader, data_files=str(path), split="train", cache_dir=str(tmp_path / "cache"))
        split = "test" if "_test" in name else "train"
        seen.setdefault((entry["file_name"].split("/")[0], split), []).extend(_turns(row, entry) for row in loaded)
    assert {folder for folder, _ in seen} == {block.folder for block in FORMATS} - {"prompt_completion"}
    for folder in {folder for folder, _ in seen}:
        train, test = set(seen[folder, "train"]), set(seen[folder, "test"])
        assert train.isdisjoint(test)
        assert train | test == {(sample.problem, sample.solution) for sample in SAMPLES}


def _turns(row: dict[str, Any], entry: dict[str, Any]) -> tuple[str, str]:
    """Task and answer as LLaMA-Factory's parser finds them, with its defaults."""
    if entry.get("formatting", "alpaca") == "alpaca":
        query = row[entry["columns"]["query"]] if "query" in entry["columns"] else ""
        assert query == ""
        return row[entry["columns"]["prompt"]], row[entry["columns"]["response"]]
    tags = {"role_tag": "from", "content_tag": "value", "user_tag": "human", "assistant_tag": "gpt"}
    tags |= entry.get("tags", {})
    turns = row[entry["columns"]["messages"]]
    assert [turn[tags["role_tag"]] for turn in turns] == [tags["user_tag"], tags["assistant_tag"]]
    return turns[0][tags["content_tag"]], turns[1][tags["content_tag"]]


@pytest.mark.parametrize("block", [block() for block in FORMATS if block is not PromptCompletion])
def test_axolotl_loads_the_folder_by_the_names_it_is_told(tmp_path: Path, block: Format) -> None:
    """It tries load_from_disk, then load_dataset with name and split; the fields named hold task and answer."""
    from datasets import load_dataset, load_from_disk

    splits = {"train": 0.7, "test": 0.3}
    _, config = told(tmp_path, ExportOptions(formats=(block,), splits=splits))
    assert "&" not in (tmp_path / "data/axolotl.yaml").read_text()
    for (entry,), split in ((config["datasets"], "train"), (config["test_datasets"], "test")):
        assert entry["split"] == split
        with pytest.raises(FileNotFoundError):
            load_from_disk(str(tmp_path / "data"))
        rows = load_dataset(str(tmp_path / "data"), entry["name"], split=split, cache_dir=str(tmp_path / "cache"))
        task, answer = _fields(rows[0], entry)
        assert answer == "`Do it.`"
        assert task.endswith(": Do it.")


def _fields(row: dict[str, Any], entry: dict[str, Any]) -> tuple[str, str]:
    if entry["type"] == "chat_template":
        names = entry["message_property_mappings"]
        task, answer = row[entry["field_messages"]]
        assert (task[names["role"]], answer[names["role"]]) in {("user", "assistant"), ("human", "gpt")}
        return task[names["content"]], answer[names["content"]]
    names = {"field_instruction": "instruction", "field_output": "output"}
    names |= entry["type"] if isinstance(entry["type"], dict) else {}
    return row[names["field_instruction"]], row[names["field_output"]]


def test_chats_come_before_other_formats_and_nothing_is_made_up(tmp_path: Path) -> None:
    """One data set of those exported; none where Axolotl reads none of them."""
    entries, config = told(tmp_path, ExportOptions(formats=(Alpaca(), Messages())))
    assert list(entries) == ["alpaca_train", "messages_train"]
    assert [entry["name"] for entry in config["datasets"]] == ["messages"]
    assert "test_datasets" not in config
    entries, config = told(tmp_path, ExportOptions(formats=(PromptCompletion(),)))
    assert (entries, config) == ({}, None)
    _, config = told(tmp_path, ExportOptions(formats=(Openai(), Alpaca()), file="parquet"))
    assert [entry["name"] for entry in config["datasets"]] == ["alpaca"]
    _, config = told(tmp_path, ExportOptions(formats=(Openai(),), file="parquet"))
    assert config is None  # beside parquet, JSON lines are not loaded by name
