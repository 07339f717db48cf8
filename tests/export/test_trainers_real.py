"""Trainers themselves load what we export and learn the answers, each where it is installed.

LLaMA-Factory, Axolotl and torchtune want other versions of the same libraries: an environment each, as docs/training.md
says. TRL has a file of its own.
"""

import json
from pathlib import Path
from typing import Any, Literal

import pytest
import yaml
from exporting import HOSTILE, a_run, a_sample, exported
from training import POSITIONS, a_model, a_tokenizer

from magicoder_gen.export.formats import FORMATS, Format, Openai, PromptCompletion
from magicoder_gen.export.options import ExportOptions
from magicoder_gen.storage.shards import Layout

pytestmark = pytest.mark.filterwarnings("default")  # the trainers' own
SAMPLES = [a_sample(number, text=HOSTILE.replace("\0", ""), repo=f"o/{number}") for number in range(40)]
SPLITS = {"train": 0.7, "test": 0.3}
READ = tuple(block() for block in FORMATS if block is not PromptCompletion)


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is fetched, and nobody is told."""
    for name in ("HF_HUB_OFFLINE", "AXOLOTL_DO_NOT_TRACK", "DO_NOT_TRACK", "DISABLE_VERSION_CHECK"):
        monkeypatch.setenv(name, "1")


def learnt(tokenizer: Any, rows: Any) -> list[tuple[str, str]]:
    """What a model is shown, and what of it carries a label."""
    return [
        (tokenizer.decode(row["input_ids"]), tokenizer.decode([token for token in row["labels"] if token >= 0]))
        for row in rows
    ]


def assert_complete(train: list[tuple[str, str]], test: list[tuple[str, str]]) -> None:
    """Every task is shown once, in one split; its answer, and hardly more, is learnt."""
    assert train
    assert test
    found = []
    for shown, answer in train + test:
        (sample,) = [sample for sample in SAMPLES if f"{sample.problem}" in shown and _begins(shown, sample.problem)]
        assert sample.solution in answer
        assert len(answer) < len(sample.solution) + 20
        found.append(sample.id)
    assert sorted(found) == sorted(sample.id for sample in SAMPLES)


def _begins(shown: str, problem: str) -> bool:
    """Tell 1: from 11:."""
    return not shown[shown.index(problem) - 1].isdigit()


@pytest.mark.training
@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_llama_factory_learns_from_every_file_it_is_told_of(tmp_path: Path, kind: Literal["jsonl", "parquet"]) -> None:
    """By `dataset_dir` and the entries' names, comma-separated where a split has several files."""
    pytest.importorskip("llamafactory", reason="llamafactory is not installed; docs/training.md says how")
    from llamafactory.data.loader import get_dataset
    from llamafactory.data.template import get_template_and_fix_tokenizer
    from llamafactory.hparams import DataArguments, ModelArguments
    from transformers import Seq2SeqTrainingArguments

    directory = a_run(tmp_path / "run", SAMPLES, layout=Layout(shard_bytes=9000))
    exported(directory, ExportOptions(formats=READ, file=kind, splits=SPLITS))
    data = str(tmp_path / "run/data")
    entries = json.loads((tmp_path / "run/data/dataset_info.json").read_text())
    tokenizer = a_tokenizer(tmp_path / "tokenizer")
    assert any(name.endswith("_00001") for name in entries)
    for block in READ:
        named = {
            split: ",".join(name for name in entries if name.startswith(f"{block.folder}_{split}")) for split in SPLITS
        }
        arguments = DataArguments(
            template="alpaca",
            dataset=named["train"],
            eval_dataset=named["test"],
            dataset_dir=data,
            cutoff_len=POSITIONS,
            overwrite_cache=True,
        )
        template = get_template_and_fix_tokenizer(tokenizer, arguments)
        model = ModelArguments(model_name_or_path="none", cache_dir=str(tmp_path / "cache"))
        training = Seq2SeqTrainingArguments(output_dir=str(tmp_path / "out"), report_to="none")
        sets = get_dataset(template, model, arguments, training, "sft", tokenizer)
        assert_complete(*(learnt(tokenizer, sets[f"{when}_dataset"]) for when in ("train", "eval")))


@pytest.mark.training
@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
@pytest.mark.parametrize("block", READ)
def test_axolotl_learns_by_the_configuration_it_is_given(
    tmp_path: Path, block: Format, kind: Literal["jsonl", "parquet"]
) -> None:
    """axolotl.yaml passes its validation, both splits are loaded, and its strategy learns the answers only."""
    pytest.importorskip("axolotl", reason="axolotl is not installed; docs/training.md says how")
    from axolotl.utils.config import normalize_config, validate_config
    from axolotl.utils.data.sft import prepare_datasets
    from axolotl.utils.dict import DictDefault

    exported(a_run(tmp_path / "run", SAMPLES), ExportOptions(formats=(block,), file=kind, splits=SPLITS))
    data = tmp_path / "run/data"
    if block == Openai() and kind == "parquet":
        assert (data / "axolotl.yaml").read_text() == ""
        return
    text = (data / "axolotl.yaml").read_text().replace("path/to/this/folder", str(data))
    a_model(tmp_path / "model")
    tokenizer = a_tokenizer(tmp_path / "model")
    tokenizer.pad_token = "</s>"  # noqa: S105
    settings = {
        "base_model": str(tmp_path / "model"),
        "sequence_len": POSITIONS,
        "micro_batch_size": 1,
        "gradient_accumulation_steps": 1,
        "num_epochs": 1,
        "learning_rate": 1e-4,
        "bf16": False,
        "seed": 1,
        "output_dir": str(tmp_path / "out"),
        "dataset_prepared_path": str(tmp_path / "prepared"),
    }
    config = validate_config(DictDefault(yaml.safe_load(text) | settings))
    normalize_config(config)
    train, test, *_ = prepare_datasets(config, tokenizer)
    assert_complete(learnt(tokenizer, train), learnt(tokenizer, test))


TORCHTUNE: dict[str, tuple[str, dict[str, Any]]] = {
    "messages": ("chat_dataset", {"conversation_column": "messages", "conversation_style": "openai"}),
    "openai": ("chat_dataset", {"conversation_column": "messages", "conversation_style": "openai"}),
    "sharegpt": ("chat_dataset", {"conversation_column": "conversations", "conversation_style": "sharegpt"}),
    "alpaca": ("alpaca_dataset", {"train_on_input": False}),
    "instruction_response": ("instruct_dataset", {"column_map": {"input": "instruction", "output": "response"}}),
    "problem_solution": ("instruct_dataset", {"column_map": {"input": "problem", "output": "solution"}}),
    "magicoder": ("instruct_dataset", {"column_map": {"input": "problem", "output": "solution"}}),
}


@pytest.mark.training
@pytest.mark.parametrize("folder", TORCHTUNE)
def test_torchtune_learns_by_its_builders(tmp_path: Path, folder: str) -> None:
    """Named in docs/training.md, with the folder as source; a model's tokenizer puts turns one after the other."""
    pytest.importorskip("torchtune", reason="torchtune is not installed; docs/training.md says how")
    from torchtune import datasets

    exported(a_run(tmp_path / "run", SAMPLES), ExportOptions(formats=READ, splits=SPLITS))
    tokenizer = a_tokenizer(tmp_path / "tokenizer")

    def tokenized(row: dict[str, Any], *, inference: bool = False) -> dict[str, Any]:
        pieces = [(tokenizer(turn.text_content)["input_ids"], turn.masked) for turn in row["messages"]]
        return {
            "tokens": [token for tokens, _ in pieces for token in tokens],
            "mask": [masked for tokens, masked in pieces for _ in tokens],
        }

    name, options = TORCHTUNE[folder]
    found = {}
    for split in SPLITS:
        build = getattr(datasets, name)
        source = {"source": str(tmp_path / "run/data"), "name": folder, "split": split}
        made = build(tokenized, **source, **options, cache_dir=str(tmp_path / "cache"))
        found[split] = learnt(tokenizer, ({"input_ids": row["tokens"], "labels": row["labels"]} for row in made))
    assert_complete(found["train"], found["test"])


def test_openai_takes_every_line(tmp_path: Path) -> None:
    """Each has `messages` alone: a user's turn, then an assistant's that says something, as openai's types have them.

    The published rules, which its client no longer checks: developers' guide, supervised fine-tuning.
    """
    from openai.types.chat import ChatCompletionMessageParam
    from pydantic import TypeAdapter

    exported(a_run(tmp_path, SAMPLES), ExportOptions(formats=(Openai(),)))
    (path,) = (tmp_path / "data/openai").iterdir()
    turns = TypeAdapter(list[ChatCompletionMessageParam])
    lines = path.read_bytes().decode("utf-8").removesuffix("\n").split("\n")
    assert len(lines) == len(SAMPLES) >= 10
    for line, sample in zip(lines, SAMPLES, strict=True):
        row = json.loads(line)
        assert list(row) == ["messages"]
        assert turns.validate_python(row["messages"]) == row["messages"]
        assert [set(turn) for turn in row["messages"]] == [{"role", "content"}] * 2
        assert [turn["role"] for turn in row["messages"]] == ["user", "assistant"]
        assert row["messages"][1]["content"] == sample.solution != ""
