"""What of an export is learnt: every format says the same, prompts carry no label, every row is accounted for."""

import importlib
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import pytest
from exporting import HOSTILE, a_run, a_sample, exported

from magicoder_gen.errors import ConfigError, CorruptData
from magicoder_gen.export.formats import FORMATS, Alpaca, PromptCompletion
from magicoder_gen.export.options import ExportOptions
from magicoder_gen.storage.shards import Layout

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
EVERY = tuple(block() for block in FORMATS)


class Letters:
    """A tokenizer of one token a letter, as transformers' are called."""

    bos_token_id: int | None = 1
    eos_token_id: int | None = 2
    all_special_tokens = ("<s>", "</s>")

    def __call__(self, texts: Sequence[str], *, add_special_tokens: bool) -> dict[str, list[list[int]]]:
        """Return the tokens of every text."""
        assert not add_special_tokens
        return {"input_ids": [[ord(letter) for letter in text] for text in texts]}

    def apply_chat_template(
        self, turns: Sequence[dict[str, str]], *, tokenize: bool, add_generation_prompt: bool = False
    ) -> str:
        """Return turns in angle brackets."""
        assert not tokenize
        text = "".join(f"<{turn['role']}>{turn['content']}</>" for turn in turns)
        return text + "<assistant>" * add_generation_prompt


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the module, which is no part of a package."""
    monkeypatch.syspath_prepend(str(SCRIPTS))
    return importlib.import_module("finetune_rows")


def learnt(rows: ModuleType, pairs: Sequence[tuple[str, str]], **settings: Any) -> tuple[list[Any], Counter[str]]:
    """Return examples and counts."""
    counts: Counter[str] = Counter()
    settings = {"model": "x", "system": "S", "lead_in": "L"} | settings
    return list(rows.examples(pairs, Letters(), rows.Settings(**settings), counts=counts)), counts


def text(tokens: Sequence[int]) -> str:
    """Return what the letters say; 1 and 2 begin and end a row."""
    return "".join({1: "^", 2: "$"}.get(token) or chr(token) for token in tokens)


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_every_format_says_the_same(rows: ModuleType, tmp_path: Path, kind: Literal["jsonl", "parquet"]) -> None:
    """Task and answer, unchanged, of every row in order, whichever format is read; a split is its own."""
    samples = [a_sample(number, text=HOSTILE, repo=f"o/{number}") for number in range(9)]
    directory = a_run(tmp_path, samples, layout=Layout(shard_bytes=300))
    blocks = (*EVERY, PromptCompletion(style="text"))
    for block in blocks:
        exported(directory, ExportOptions(formats=(block,), file=kind, splits={"train": 0.6, "test": 0.4}))
        files = rows.exported(tmp_path, None)
        assert files == rows.exported(tmp_path / "data", block.folder)
        assert set(files.splits) == {"train", "test"}
        said = [pair for paths in files.splits.values() for path in paths for pair in rows.pairs(path, files.format)]
        assert sorted(said) == [(sample.problem, sample.solution) for sample in samples]


def test_the_first_format_found_is_read_unless_one_is_named(rows: ModuleType, tmp_path: Path) -> None:
    """In the order of the documentation; one that is not there is an error that says what is."""
    exported(a_run(tmp_path, [a_sample()]), ExportOptions(formats=(Alpaca(), PromptCompletion())))
    assert rows.exported(tmp_path, None).format == "alpaca"
    assert rows.exported(tmp_path, "prompt_completion").format == "prompt_completion"
    with pytest.raises(ConfigError, match="no format messages; there is alpaca, prompt_completion"):
        rows.exported(tmp_path, "messages")
    with pytest.raises(ConfigError, match="nothing exported"):
        rows.exported(tmp_path / "data/alpaca", None)
    (tmp_path / "data/alpaca/train-00000-of-00001.jsonl").unlink()
    with pytest.raises(ConfigError, match="no split train"):
        rows.exported(tmp_path, "alpaca")


def test_the_digest_is_that_of_the_files(rows: ModuleType, tmp_path: Path) -> None:
    """Another row is another digest; the same rows exported again are not."""
    digests = []
    for texts in ("one", "one", "two"):
        exported(a_run(tmp_path, [a_sample(text=texts)]), ExportOptions(formats=(Alpaca(),)))
        digests.append(rows.exported(tmp_path, None).digest())
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"[]",
        b'{"messages":[]}',
        b'{"messages":[{"role":"user","content":"a"}]}',
        b'{"messages":"ab"}',
        b'{"messages":[{"role":"user","content":1},{"role":"assistant","content":"b"}]}',
    ],
)
def test_a_damaged_row_is_named(rows: ModuleType, tmp_path: Path, line: bytes) -> None:
    """One line with the file, never a traceback, never a row left out in silence."""
    path = tmp_path / "train-00000-of-00001.jsonl"
    path.write_bytes(line + b"\n")
    with pytest.raises(CorruptData, match=r"train-00000-of-00001\.jsonl"):
        list(rows.pairs(path, "messages"))


def test_the_papers_layout(rows: ModuleType) -> None:
    """System sentence, instruction, response; tokens of begin and end around them; the prompt is not learnt."""
    (example,), counts = learnt(rows, [("task", "answer")])
    assert text(example.tokens) == "^S\n\n@@ Instruction\nL\ntask\n\n@@ Response\nanswer$"
    assert text(example.tokens[example.prompt :]) == "answer$"
    assert counts == {"rows": 1, "special": 0, "learnt": 1, "truncated": 0, "response_tokens": 7}


def test_a_chat_template_begins_by_itself_and_must_go_on_from_its_prompt(rows: ModuleType) -> None:
    """What the template puts after the answer is learnt too, and an end if it has none."""
    (example,), _ = learnt(rows, [("task", "answer")], template="chat")
    assert text(example.tokens) == "<user>task</><assistant>answer</>$"
    assert text(example.tokens[example.prompt :]) == "answer</>$"

    class Thinking(Letters):
        def apply_chat_template(self, turns: Sequence[dict[str, str]], **options: Any) -> str:
            return super().apply_chat_template(turns, **options) + "<think>" * options.get("add_generation_prompt", 0)

    with pytest.raises(ConfigError, match="use --template paper"):
        list(rows.examples([("a", "b")], Thinking(), rows.Settings("x", template="chat"), counts=Counter()))


def test_prompts_and_padding_carry_no_label_and_padding_no_attention(rows: ModuleType) -> None:
    """Whatever the lengths in a batch: labels are the response's tokens in their places, and -100."""
    found, _ = learnt(rows, [("a", "long answer"), ("longer task", "b")])
    batch = rows.padded(found)
    assert {len(row) for part in batch.values() for row in part} == {max(len(row.tokens) for row in found)}
    for number, example in enumerate(found):
        labels, attended = batch["labels"][number], batch["attention_mask"][number]
        assert sum(attended) == len(example.tokens)
        assert batch["input_ids"][number][: len(example.tokens)] == list(example.tokens)
        carrying = [place for place, label in enumerate(labels) if label != -100]
        assert carrying == list(range(example.prompt, len(example.tokens)))
        assert [labels[place] for place in carrying] == list(example.tokens[example.prompt :])


def test_every_row_is_accounted_for(rows: ModuleType) -> None:
    """Cut off at the end, counted; without room for a response or with a special token, left out and counted."""
    prompt = len("^S\n\n@@ Instruction\nL\na\n\n@@ Response\n")
    pairs = [("a", "b"), ("a", "bcd"), ("a" * 9, "b"), ("a", "x</s>y"), ("<s>", "b")]
    found, counts = learnt(rows, pairs, max_tokens=prompt + 2)
    assert [text(example.tokens[example.prompt :]) for example in found] == ["b$", "bc"]
    assert counts == {"rows": 5, "special": 2, "no_room": 1, "learnt": 2, "truncated": 1, "response_tokens": 4}
    assert counts["rows"] == counts["learnt"] + counts["special"] + counts["no_room"]


def test_a_data_set_without_a_row_to_learn_is_an_error(rows: ModuleType, tmp_path: Path) -> None:
    """One that says what to change; splits with nothing to learn are left out."""
    path = tmp_path / "data/alpaca"
    path.mkdir(parents=True)
    for split, task in (("train", "short"), ("test", "x" * 999)):
        (path / f"{split}-00000-of-00001.jsonl").write_text(json.dumps({"instruction": task, "output": "b"}) + "\n")
    files = rows.exported(tmp_path, None)
    assert set(rows.read(files, Letters(), rows.Settings("x", max_tokens=300))) == {"train"}
    with pytest.raises(ConfigError, match="no row can be learnt within --max-tokens 9"):
        rows.read(files, Letters(), rows.Settings("x", max_tokens=9))
