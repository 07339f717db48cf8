"""Fine-tune a causal language model on an export, as the paper did.

    python scripts/finetune.py --model FOLDER_OR_HUB_ID --data RUN/data --output OUT

Needs the extra `train`. The same command goes on from the last checkpoint. What it does, why, and what it costs:
docs/training.md.
"""

import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
import msgspec
from finetune_rows import COLUMNS, TRAIN, Example, Settings, Split, exported, padded, read

from magicoder_gen.errors import ConfigError, CorruptData, Drift, MagicoderError, creating
from magicoder_gen.storage.shards import write_file

SUMMARY = "finetune.json"
DEFAULT = Settings("")
LIBRARIES = ("torch", "transformers", "accelerate", "tokenizers")


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.option("--model", required=True, help="Folder or hub id of the model to start from.")
@click.option("--data", required=True, type=click.Path(path_type=Path), help="What was exported: RUN/data.")
@click.option("--output", required=True, type=click.Path(path_type=Path), help="Folder for model and checkpoints.")
@click.option("--format", "wanted", type=click.Choice(list(COLUMNS)), help="Which format to read [the first found].")
@click.option("--template", type=click.Choice(["paper", "chat"]), default=DEFAULT.template, help="Layout of a prompt.")
@click.option("--system", default=DEFAULT.system, help="The paper's layout: its first sentence.")
@click.option("--lead-in", default=DEFAULT.lead_in, help="The paper's layout: the line before each task.")
@click.option("--epochs", type=click.FloatRange(0, min_open=True), default=DEFAULT.epochs, help="Passes.")
@click.option("--max-steps", type=click.IntRange(1), help="Stop after so many steps, whatever the epochs.")
@click.option("--batch", type=click.IntRange(1), default=DEFAULT.batch, help="Rows a step.")
@click.option("--micro-batch", type=click.IntRange(1), default=DEFAULT.micro_batch, help="Rows at once on a device.")
@click.option("--max-tokens", type=click.IntRange(2), default=DEFAULT.max_tokens, help="What is longer is cut off.")
@click.option("--learning-rate", type=click.FloatRange(0, min_open=True), default=DEFAULT.learning_rate)
@click.option("--warmup-steps", type=click.IntRange(0), default=DEFAULT.warmup_steps)
@click.option("--seed", type=click.IntRange(0), default=DEFAULT.seed, help="Of the order of rows, and of dropout.")
@click.option("--save-steps", type=click.IntRange(1), default=25, help="Steps between checkpoints; two are kept.")
@click.option("--gradient-checkpointing", is_flag=True, help="Less memory for a third more time.")
def finetune(
    *, data: Path, output: Path, wanted: str | None, save_steps: int, gradient_checkpointing: bool, **chosen: Any
) -> None:
    """Teach a causal language model to answer the tasks of an export, by the recipe of the paper."""
    settings = Settings(**chosen)
    with _told():
        files = exported(data, wanted)
        identity = {"settings": msgspec.to_builtins(settings), "format": files.format, "data": files.digest()}
        earlier = begun(output, identity)
        if earlier and earlier.get("state") == "complete":
            click.echo(f"{output}: finished; name another --output to train again", err=True)
            return
        with _libraries():
            _check_reach(settings)
            tokenizer = _loaded("tokenizer", settings.model)
            splits = read(files, tokenizer, settings)
            _tell(splits)
            arguments = _arguments(settings, output, save_steps=save_steps, evaluated=len(splits) > 1)
            summary = {"state": "begun", "identity": identity, "rows": {k: v.counts for k, v in splits.items()}}
            _write(output, summary)
            summary |= {"state": "complete"} | _train(settings, splits, arguments, sparing=gradient_checkpointing)
            if _is_first():
                tokenizer.save_pretrained(output)
                click.echo(f"{output}: model, tokenizer, {SUMMARY}", err=True)
            _write(output, summary)


def begun(output: Path, identity: dict[str, Any]) -> dict[str, Any] | None:
    """Return the summary of an earlier run of the same command; Drift if it was another."""
    path = output / SUMMARY
    if not path.exists():
        if output.is_dir() and any(output.iterdir()) and _is_first():
            raise ConfigError(f"--output {output}: not empty, and not begun by this script; name another folder")
        return None
    try:
        earlier = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise CorruptData(f"{path} is damaged: {error}; name another --output") from error
    was, now = _flat(earlier.get("identity", {})), _flat(identity)
    if changed := [name for name in now if was.get(name) != now[name]]:
        said = ", ".join(f"{name} {was.get(name)!r} (now {now[name]!r})" for name in changed)
        raise Drift(f"{output} was begun with {said}; name another --output")
    return earlier


def checkpoint(output: Path) -> str | None:
    """Return the newest checkpoint that is whole: its state is written last."""
    whole = [path.parent for path in output.glob("checkpoint-*/trainer_state.json") if _is_json(path)]
    return str(max(whole, key=lambda path: int(path.name.rpartition("-")[2]))) if whole else None


def _flat(identity: dict[str, Any]) -> dict[str, Any]:
    return {**identity.get("settings", {}), "format": identity.get("format"), "data": identity.get("data")}


def _is_json(path: Path) -> bool:
    try:
        msgspec.json.decode(path.read_bytes())
    except msgspec.DecodeError:
        return False
    return True


def _is_first() -> bool:
    """Tell whether this is the only process, or the first of those that torchrun started."""
    return os.environ.get("RANK", "0") == "0"


def _write(output: Path, summary: dict[str, Any]) -> None:
    if _is_first():
        with creating(output):
            output.mkdir(parents=True, exist_ok=True)
        write_file(output / SUMMARY, msgspec.json.format(msgspec.json.encode(summary), indent=2) + b"\n")


def _tell(splits: dict[str, Split]) -> None:
    for name, split in splits.items():
        counts = ", ".join(f"{what} {count:,}" for what, count in split.counts.items())
        click.echo(f"{name}: {counts}", err=True)


def _loaded(what: str, model: str, **options: Any) -> Any:
    """Return the model, its tokenizer or configuration; ConfigError if there is none."""
    import transformers

    kinds = {"model": "AutoModelForCausalLM", "tokenizer": "AutoTokenizer", "configuration": "AutoConfig"}
    kind = getattr(transformers, kinds[what])
    try:
        return kind.from_pretrained(model, **options)
    except (OSError, ValueError) as error:
        said = str(error).strip().partition("\n")[0]
        raise ConfigError(f"--model {model}: no {what}: {said}; name a folder or hub id that has one") from error


def _check_reach(settings: Settings) -> None:
    """Raise ConfigError if the model's positions end before the longest row."""
    reach = getattr(_loaded("configuration", settings.model), "max_position_embeddings", None)
    if reach and reach < settings.max_tokens:
        raise ConfigError(f"--max-tokens {settings.max_tokens}: the model takes {reach}; pass at most that")


def _arguments(settings: Settings, output: Path, *, save_steps: int, evaluated: bool) -> Any:
    """Return the recipe as transformers takes it. Its `adafactor` has a fixed rate: no relative step, no scaling."""
    import torch
    from transformers import TrainingArguments

    arguments = TrainingArguments(
        output_dir=str(output),
        optim="adafactor",
        learning_rate=settings.learning_rate,
        lr_scheduler_type="linear",
        warmup_steps=settings.warmup_steps,
        max_grad_norm=0,  # Adafactor clips its updates itself
        num_train_epochs=settings.epochs,
        max_steps=settings.max_steps or -1,
        per_device_train_batch_size=settings.micro_batch,
        per_device_eval_batch_size=settings.micro_batch,
        bf16=_has_bf16(),
        eval_strategy="epoch" if evaluated else "no",
        save_strategy="steps",
        save_steps=save_steps,
        save_total_limit=2,
        logging_steps=1,
        seed=settings.seed,
        report_to="none",
        remove_unused_columns=False,  # there are no columns: the collator makes them
        dataloader_pin_memory=torch.cuda.is_available(),
        use_cpu=not torch.accelerator.is_available(),  # said, or several processes would not share a step
    )
    at_once = arguments.train_batch_size * arguments.world_size
    if settings.batch % at_once:
        raise ConfigError(f"--batch {settings.batch} is no multiple of the {at_once} rows at once; lower --micro-batch")
    arguments.gradient_accumulation_steps = settings.batch // at_once
    return arguments


def _has_bf16() -> bool:
    import torch

    return torch.cuda.is_available() and torch.cuda.is_bf16_supported()


def _train(settings: Settings, splits: dict[str, Split], arguments: Any, *, sparing: bool) -> dict[str, Any]:
    """Train from the last checkpoint to the end, save the model, and return what was done."""
    import torch
    from transformers import Trainer

    model = _loaded("model", settings.model, dtype=torch.bfloat16 if _has_bf16() else torch.float32)
    if sparing:  # transformers has two names for it
        enable = getattr(model, "activation_checkpointing_enable", None) or model.gradient_checkpointing_enable
        enable({"use_reentrant": False})
    trainer = Trainer(
        model=model,
        args=arguments,
        data_collator=_tensors,
        train_dataset=splits[TRAIN].examples,
        eval_dataset={name: split.examples for name, split in splits.items() if name != TRAIN} or None,
    )
    try:
        trainer.train(resume_from_checkpoint=checkpoint(Path(arguments.output_dir)))
    except torch.OutOfMemoryError as error:
        raise ConfigError("out of memory; lower --micro-batch or pass --gradient-checkpointing") from error
    trainer.save_model()
    return _done(trainer.state, splits[TRAIN])


def _tensors(batch: list[Example]) -> dict[str, Any]:
    import torch

    return {name: torch.tensor(rows) for name, rows in padded(batch).items()}


def _done(state: Any, train: Split) -> dict[str, Any]:
    """Return steps, passes, tokens learnt and losses, and what they were made with."""
    losses = {entry["step"]: entry["loss"] for entry in state.log_history if "loss" in entry}
    evaluated = [
        {"step": entry["step"], "split": name.removeprefix("eval_").removesuffix("_loss"), "loss": entry[name]}
        for entry in state.log_history
        for name in entry
        if name.startswith("eval_") and name.endswith("_loss")
    ]
    return {
        "steps": state.global_step,
        "epochs": state.epoch,
        "tokens_learnt": round(train.counts["response_tokens"] * state.epoch),
        "losses": {"train": losses, "evaluation": evaluated},
        "versions": {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
    }


@contextmanager
def _told() -> Iterator[None]:
    """Turn our errors into one line and their exit code."""
    try:
        yield
    except MagicoderError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(error.exit_code)


@contextmanager
def _libraries() -> Iterator[None]:
    """Name the extra if what it installs is missing."""
    try:
        yield
    except ImportError as error:
        raise ConfigError(f"{error}; training needs `pip install 'magicoder-gen[train]'`") from error


if __name__ == "__main__":
    finetune()
