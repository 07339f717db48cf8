"""What an export's rows are to a model: tokens, of which the response is learnt. Needs no torch."""

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec

from magicoder_gen.errors import ConfigError, CorruptData
from magicoder_gen.fingerprint import digest
from magicoder_gen.storage import row_files
from magicoder_gen.storage.shards import sha256_of

COLUMNS = {
    "problem_solution": ("problem", "solution"),
    "instruction_response": ("instruction", "response"),
    "alpaca": ("instruction", "output"),
    "messages": ("messages",),
    "prompt_completion": ("prompt", "completion"),
    "sharegpt": ("conversations",),
    "openai": ("messages",),
    "magicoder": ("problem", "solution"),
}
"""Which columns of a format hold the task and its answer. Of what was exported, the first of these is read."""

TRAIN = "train"
_IGNORED = -100  # the label that torch's cross entropy leaves out
_PORTION = 1000  # rows that are tokenised at once
_REMEDY = "export it again"


class Settings(msgspec.Struct, frozen=True):
    """What decides the result: a checkpoint is only gone on from with the same. Defaults: the paper's, but `system`."""

    model: str
    template: Literal["paper", "chat"] = "paper"
    system: str = "You are a careful programmer who answers every request with correct, complete code."
    lead_in: str = "Solve this programming task:"
    epochs: float = 2.0
    max_steps: int | None = None
    batch: int = 512
    micro_batch: int = 2
    max_tokens: int = 1216
    learning_rate: float = 5e-5
    warmup_steps: int = 15
    seed: int = 976


class Example(NamedTuple):
    """The tokens of a row, of which the first `prompt` are given, not learnt."""

    tokens: "array[int]"
    prompt: int


class Files(NamedTuple):
    """The files of a format, by split."""

    format: str
    splits: dict[str, list[Path]]

    def digest(self) -> str:
        """Return what changes when any file does."""
        paths = [path for split in self.splits.values() for path in split]
        return digest([self.format, {path.name: sha256_of(path) for path in paths}])


def exported(data: Path, wanted: str | None) -> Files:
    """Return the files of the format that is wanted, else of the first there is, below a run or its `data`."""
    folder = data / "data" if (data / "data").is_dir() else data
    found = [name for name in COLUMNS if (folder / name).is_dir()]
    if wanted and wanted not in found:
        raise ConfigError(
            f"{folder}: no format {wanted}; there is {', '.join(found) or 'none'}; export it, or name one"
        )
    if not found:
        raise ConfigError(f"{folder}: nothing exported; name what `magicoder-gen export` wrote: RUN/data")
    name = wanted or found[0]
    splits: dict[str, list[Path]] = {}
    for path in sorted((folder / name).glob("*-of-*")):
        splits.setdefault(path.name.partition("-")[0], []).append(path)
    if TRAIN not in splits:
        raise ConfigError(f"{folder / name}: no split {TRAIN}; export it again")
    return Files(name, splits)


def pairs(path: Path, name: str) -> Iterator[tuple[str, str]]:
    """Yield task and answer of every row of a file; CorruptData for what is not a row of the format."""
    for number, row in enumerate(_rows(path, COLUMNS[name]), 1):
        try:
            task, answer = [text for column in COLUMNS[name] for text in _texts(row[column])]
        except (KeyError, TypeError, ValueError) as error:
            raise CorruptData(f"{path}: row {number} is not of the format {name}; {_REMEDY}") from error
        yield task.removesuffix("\n\n") if isinstance(row.get("prompt"), str) else task, answer


def _rows(path: Path, columns: Sequence[str]) -> Iterator[Any]:
    if path.suffix == ".parquet":
        yield from row_files.parquet(path, remedy=_REMEDY, columns=columns)
        return
    for line in filter(None, row_files.lines(path, remedy=_REMEDY)):
        try:
            yield msgspec.json.decode(line)
        except msgspec.DecodeError as error:
            raise CorruptData(f"{path} is damaged: {error}; {_REMEDY}") from error


def _texts(value: Any) -> list[str]:
    """Return the texts of a column: itself, or what its turns say."""
    texts = [value] if isinstance(value, str) else [turn.get("content", turn.get("value")) for turn in value]
    if not all(isinstance(text, str) for text in texts):
        raise TypeError
    return texts


def paper(task: str, answer: str, settings: Settings) -> tuple[str, str]:
    """Return prompt and response in the paper's layout, in sentences of our own."""
    return f"{settings.system}\n\n@@ Instruction\n{settings.lead_in}\n{task}\n\n@@ Response\n", answer


def chat(task: str, answer: str, tokenizer: Any) -> tuple[str, str]:
    """Return prompt and response by the tokenizer's own chat template."""
    asked = [{"role": "user", "content": task}]
    prompt = tokenizer.apply_chat_template(asked, tokenize=False, add_generation_prompt=True)
    answered = [*asked, {"role": "assistant", "content": answer}]
    whole: str = tokenizer.apply_chat_template(answered, tokenize=False)
    if not whole.startswith(prompt):
        raise ConfigError("--template chat: the model's template does not go on from its prompt; use --template paper")
    return prompt, whole.removeprefix(prompt)


def examples(
    rows: Sequence[tuple[str, str]], tokenizer: Any, settings: Settings, *, counts: Counter[str]
) -> Iterator[Example]:
    """Yield rows as tokens, and count: `rows` = `learnt` + `special` + `no_room`; `truncated` are among the learnt.

    `special` hold a special token of the model in their text, which would end or begin a turn where none does.
    """
    special = [token for token in tokenizer.all_special_tokens if token]
    plain = [row for row in rows if not any(token in text for text in row for token in special)]
    counts.update(rows=len(rows), special=len(rows) - len(plain))
    for start in range(0, len(plain), _PORTION):
        for prompt, response in _tokenised(plain[start : start + _PORTION], tokenizer, settings):
            room = settings.max_tokens - len(prompt)
            if room < 1:
                counts["no_room"] += 1
                continue
            counts.update(learnt=1, truncated=len(response) > room, response_tokens=len(response[:room]))
            yield Example(array("i", prompt + response[:room]), len(prompt))


def _tokenised(
    rows: Sequence[tuple[str, str]], tokenizer: Any, settings: Settings
) -> Iterator[tuple[list[int], list[int]]]:
    """Yield the tokens of prompt and response: apart, so that the prompt's are those of a prompt without an answer."""
    if settings.template == "paper":
        framed = [paper(*row, settings) for row in rows]
    else:
        framed = [chat(*row, tokenizer) for row in rows]
    begin = [tokenizer.bos_token_id] if settings.template == "paper" and tokenizer.bos_token_id is not None else []
    end = [tokenizer.eos_token_id] if tokenizer.eos_token_id is not None else []
    for prompt, response in zip(*(_ids(tokenizer, texts) for texts in zip(*framed, strict=True)), strict=True):
        yield begin + prompt, response + ([] if end and end[0] in response else end)


def _ids(tokenizer: Any, texts: Sequence[str]) -> list[list[int]]:
    found: list[list[int]] = tokenizer(list(texts), add_special_tokens=False)["input_ids"]
    return found


def padded(batch: Sequence[Example]) -> dict[str, list[list[int]]]:
    """Return what a model takes, as long as the longest row: prompts and padding carry no label.

    Nothing attends to padding and nothing is learnt of it, so any token does, and none need be declared.
    """
    longest = max(len(example.tokens) for example in batch)
    rest = [longest - len(example.tokens) for example in batch]
    learnt = [[_IGNORED] * example.prompt + list(example.tokens[example.prompt :]) for example in batch]
    return {
        "input_ids": [list(example.tokens) + [0] * left for example, left in zip(batch, rest, strict=True)],
        "attention_mask": [[1] * (longest - left) + [0] * left for left in rest],
        "labels": [labels + [_IGNORED] * left for labels, left in zip(learnt, rest, strict=True)],
    }


class Split(NamedTuple):
    """The examples of a split, and how many rows went which way."""

    examples: list[Example]
    counts: Counter[str]


def read(files: Files, tokenizer: Any, settings: Settings) -> dict[str, Split]:
    """Return every split that has something to learn; ConfigError if `train` has not."""
    found: dict[str, Split] = {}
    for split, paths in files.splits.items():
        counts: Counter[str] = Counter(rows=0, special=0, no_room=0, learnt=0, truncated=0, response_tokens=0)
        rows = [pair for path in paths for pair in pairs(path, files.format)]
        found[split] = Split(list(examples(rows, tokenizer, settings, counts=counts)), counts)
    if not found[TRAIN].examples:
        raise ConfigError(f"no row can be learnt within --max-tokens {settings.max_tokens}; raise it")
    return {name: split for name, split in found.items() if split.examples}
