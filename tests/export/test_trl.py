"""TRL's own functions take the chat formats for chats, and put task and answer into a model's template unchanged."""

from pathlib import Path
from typing import Any

import pytest
from exporting import HOSTILE, a_run, a_sample, exported, load
from training import a_model, a_tokenizer

from magicoder_gen.export.formats import Format, Messages, PromptCompletion
from magicoder_gen.export.options import ExportOptions

pytest.importorskip("trl", reason="trl is not installed; `pip install trl transformers` runs TRL's own functions")

TASK, ANSWER = f"0: {HOSTILE}", f"`{HOSTILE}`"


@pytest.fixture
def tokenizer(tmp_path: Path) -> Any:
    """A tokenizer with a chat template."""
    return a_tokenizer(tmp_path / "tokenizer")


@pytest.mark.parametrize(
    ("block", "is_chat", "expected"),
    [
        (Messages(), True, {"text": f"<user>{TASK}</s><assistant>{ANSWER}</s>"}),
        (
            PromptCompletion(),
            True,
            {"prompt": f"<user>{TASK}</s><assistant>", "completion": f"{ANSWER}</s>"},
        ),
        (PromptCompletion(style="text"), False, {"prompt": f"{TASK}\n\n", "completion": ANSWER}),
    ],
)
def test_trl_reads_the_rows(
    tmp_path: Path, tokenizer: Any, block: Format, is_chat: Any, expected: dict[str, str]
) -> None:
    """As its trainer does before it counts tokens."""
    from trl.data_utils import is_conversational, maybe_apply_chat_template

    directory = a_run(tmp_path / "run", [a_sample(text=HOSTILE)])
    for kind in ("jsonl", "parquet"):
        exported(directory, ExportOptions(formats=(block,), file=kind))
        row = load(directory, tmp_path / kind)[0]
        assert is_conversational(row) is is_chat
        read = maybe_apply_chat_template(row, tokenizer)
        assert {name: read[name] for name in expected} == expected


@pytest.mark.training
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("block", [Messages(), PromptCompletion(), PromptCompletion(style="text")])
def test_its_trainer_takes_a_step(tmp_path: Path, tokenizer: Any, block: Format) -> None:
    """SFTTrainer on the rows as they are: of prompt and completion, the completion is learnt; of messages, all."""
    from trl import SFTConfig, SFTTrainer

    directory = a_run(tmp_path / "run", [a_sample(number) for number in range(4)])
    exported(directory, ExportOptions(formats=(block,)))
    options = SFTConfig(str(tmp_path / "out"), max_steps=1, report_to="none", use_cpu=True, bf16=False)
    rows = load(directory, tmp_path / "cache")
    trainer = SFTTrainer(a_model(tmp_path / "model"), options, train_dataset=rows, processing_class=tokenizer)
    batch = next(iter(trainer.get_train_dataloader()))
    for labels in batch["labels"].tolist():
        learnt = tokenizer.decode([label for label in labels if label >= 0])
        assert learnt.endswith("`Do it.`</s>")
        assert learnt.startswith("<user>" if block == Messages() else "`Do it.`")
    assert trainer.train().training_loss > 0
