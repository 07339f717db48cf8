"""Every format: the columns that its readers know, loaded by the library that they load with."""

import json
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest
from builders import a_seed
from exporting import HOSTILE, a_run, a_sample, exported, load, rows

from magicoder_gen.clean.inputs import Input
from magicoder_gen.export.columns import METADATA, metadata
from magicoder_gen.export.formats import FORMATS, Magicoder, Openai, PromptCompletion, tables
from magicoder_gen.export.options import ExportOptions
from magicoder_gen.records import Origin
from magicoder_gen.storage.shards import Layout

EVERY = tuple(block() for block in FORMATS)
_TASK, _ANSWER = f"0: {HOSTILE}", f"`{HOSTILE}`"
_ROLES = [{"role": "user", "content": _TASK}, {"role": "assistant", "content": _ANSWER}]
OWN: dict[str, dict[str, Any]] = {
    "problem_solution": {"problem": _TASK, "solution": _ANSWER, "seed": HOSTILE},
    "instruction_response": {"instruction": _TASK, "response": _ANSWER},
    "alpaca": {"instruction": _TASK, "input": "", "output": _ANSWER},
    "messages": {"messages": _ROLES},
    "prompt_completion": {"prompt": _ROLES[:1], "completion": _ROLES[1:]},
    "sharegpt": {"conversations": [{"from": "human", "value": _TASK}, {"from": "gpt", "value": _ANSWER}]},
    "openai": {"messages": _ROLES},
    "magicoder": {
        "lang": "python",
        "raw_index": None,
        "index": 0,
        "seed": HOSTILE,
        "openai_fingerprint": None,
        "problem": _TASK,
        "solution": _ANSWER,
    },
}
ABOUT = {
    "id": "id0",
    "prompt_id": "p0",
    "language": "python",
    "repo": "a/b",
    "path": "x.py",
    "first_line": 1,
    "last_line": 1,
    "license": None,
    "revision": None,
    "swhid": None,
    "corpus": "test",
    "seed_index": 0,
    "model": "teacher-1",
    "sample_labels": '{"a":0.5,"b":null,"copied":"seed","d":true}',
}
LABELS: dict[str, str | float | bool | None] = {"copied": "seed", "a": 0.5, "d": True, "b": None}


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_datasets_loads_every_format_unchanged(tmp_path: Path, kind: Literal["jsonl", "parquet"]) -> None:
    """Texts no editor would show, labels of every type; part after part has the same columns, null or not."""
    samples = [a_sample(0, text=HOSTILE, labels=LABELS), a_sample(1, license="MIT")]
    directory = a_run(tmp_path / "run", samples, layout=Layout(shard_bytes=100))
    exported(directory, ExportOptions(formats=EVERY, file=kind))
    for block in EVERY:
        for table in tables(block):
            mixed = kind == "parquet" and table.kind == "jsonl"
            loaded = (_load_files if mixed else load)(directory, tmp_path / "cache", table.folder)
            fixed = table.folder in {"openai", "magicoder"}
            expected = OWN.get(table.folder, {}) | ({} if fixed else ABOUT)
            assert loaded.column_names == list(expected) == list(table.columns)
            assert loaded[0] == expected
            assert loaded.num_rows == len(list((directory.folder("data") / table.folder).iterdir())) == 2
            if not fixed:
                assert loaded["license"][:] == [None, "MIT"]
                assert loaded["sample_labels"][1] == "{}"


def _load_files(directory: Any, cache: Path, folder: str) -> Any:
    """Load JSON lines beside parquet as the card says."""
    from datasets import load_dataset

    card = (directory.folder("data") / "README.md").read_text()
    named = f"{folder}/train-?????-of-00002.jsonl"
    assert f'load_dataset("json", data_files="path/to/this/folder/{named}", split="train")' in card
    pattern = str(directory.folder("data") / named)
    return load_dataset("json", data_files=pattern, split="train", cache_dir=str(cache))


def test_the_first_format_is_loaded_when_none_is_named(tmp_path: Path) -> None:
    """As the card says."""
    directory = a_run(tmp_path / "run", [a_sample()])
    exported(directory)
    assert "problem" in load(directory, tmp_path / "cache").column_names


def test_texts_for_models_without_a_template(tmp_path: Path) -> None:
    """What TRL puts together as it is has a blank line between."""
    directory = a_run(tmp_path / "run", [a_sample()])
    exported(directory, ExportOptions(formats=(PromptCompletion(style="text"),)))
    row = load(directory, tmp_path / "cache")[0]
    assert row["prompt"] + row["completion"] == "0: Do it.\n\n`Do it.`"


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_openai_gets_messages_and_nothing_else(tmp_path: Path, kind: Literal["jsonl", "parquet"]) -> None:
    """JSON lines whatever the others are, one key a row; beside it, row n tells of row n."""
    samples = [a_sample(number, text="x" * number * 30) for number in range(9)]
    directory = a_run(tmp_path, samples, layout=Layout(shard_bytes=400))
    exported(directory, ExportOptions(formats=(Openai(),), file=kind))
    turns, about = rows(directory, "openai"), rows(directory, "openai_metadata")
    assert {path.suffix for path in (tmp_path / "data/openai").iterdir()} == {".jsonl"}
    assert {tuple(row) for row in turns} == {("messages",)}
    assert [row["messages"][0]["content"].split(":")[0] for row in turns] == [str(number) for number in range(9)]
    assert [row["prompt_id"] for row in about] == [f"p{number}" for number in range(9)]


@pytest.mark.parametrize("block", [*EVERY, PromptCompletion(style="text")])
def test_clean_reads_what_was_exported(block: Any) -> None:
    """As rows made elsewhere, without naming a column: task and answer come back; a prompt as text, with its end."""
    row = tables(block)[0].row(a_sample(text=HOSTILE))
    end = "\n\n" if block == PromptCompletion(style="text") else ""
    assert Input(paths=(Path("x"),)).texts(row) == (_TASK + end, _ANSWER)


@pytest.mark.parametrize("block", EVERY)
def test_no_column_has_a_name_that_trainers_reserve(block: Any) -> None:
    """Of TRL and transformers: a column of that name would be taken for tokens, or for another kind of data set."""
    reserved = {"labels", "label", "label_ids", "text", "input_ids", "attention_mask", "completion_mask", "chosen"}
    kinds = {"messages", "prompt", "conversations"}
    for table in tables(block):
        assert not reserved & set(table.columns)
        assert len(kinds & set(table.columns)) <= 1
        assert not {"tools", "images", "system", "history"} & set(table.columns)


def test_labels_are_one_text_that_gives_them_back() -> None:
    """Whatever their number and types, and the same for any order."""
    first, second = (_labels_of(dict(pairs)) for pairs in (LABELS.items(), reversed(LABELS.items())))
    assert first == second
    assert json.loads(first) == LABELS


def _labels_of(labels: dict[str, Any]) -> str:
    """The column of the labels."""
    found = metadata(a_sample(labels=labels))
    assert list(found) == list(METADATA)
    return str(found["sample_labels"])


def test_formats_come_from_yaml_by_their_folders() -> None:
    """The `type` of a format is the name of its folder."""
    decoded = msgspec.convert({"formats": [{"type": block.folder} for block in FORMATS]}, ExportOptions)
    assert decoded.formats == EVERY


def test_what_nobody_said_is_null() -> None:
    """Language and model of rows made elsewhere, and lines of a file that is not known."""
    seed = msgspec.structs.replace(a_seed("x"), language="unknown", origin=Origin("rows:a.jsonl"))
    elsewhere = msgspec.structs.replace(a_sample(), seed=seed, model="unknown")
    found = metadata(elsewhere)
    assert [found[name] for name in ("language", "model", "first_line", "last_line", "path")] == [None] * 5
    assert Magicoder().row(elsewhere)["lang"] is None
    placed = msgspec.structs.replace(seed, origin=Origin("c", path="f"))
    known = metadata(msgspec.structs.replace(elsewhere, seed=placed))
    assert (known["first_line"], known["last_line"]) == (seed.first_line, seed.last_line)


def test_the_answering_system_is_in_the_papers_column() -> None:
    """Null where it did not name itself."""
    named = msgspec.structs.replace(a_sample(), system_fingerprint="fp_1")
    assert [Magicoder().row(one)["openai_fingerprint"] for one in (named, a_sample())] == ["fp_1", None]
