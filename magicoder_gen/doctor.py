"""Can this machine run the configuration? Each finding is a fact; requests are for a list of models or a commit."""

import shutil
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from magicoder_gen.config import Config
from magicoder_gen.errors import MagicoderError, creating
from magicoder_gen.generate import models, recipes
from magicoder_gen.generate.teachers.batch import Batch
from magicoder_gen.generate.teachers.chat import Chat, model_names
from magicoder_gen.generate.teachers.endpoints import Endpoint
from magicoder_gen.generate.teachers.local import Local
from magicoder_gen.records import Record, Sampling
from magicoder_gen.sample import grammars
from magicoder_gen.sample.protocols import Corpus
from magicoder_gen.storage.rundir import RunDir

LOW_DISK = 2 * 10**9  # bytes


class Finding(Record, frozen=True):
    """One check and its verdict; `exit_code` is what the stage would end with."""

    check: str
    verdict: Literal["ok", "warning", "failed"]
    detail: str
    exit_code: int = 0


def examine(config: Config, run: RunDir) -> list[Finding]:
    """Run every check; none stops the others."""
    return [
        Finding("Python", "ok", sys.version.split()[0]),
        _checked("recipe", lambda: _recipe(config)),
        _checked("run directory", lambda: _writable(run.root)),
        _disk(run.root),
        *_teacher(config.generate.teacher),
        _checked("benchmarks", lambda: _benchmarks(config)),
        *_meaning(config),
        *_categories(config),
        *(_corpus(corpus) for corpus in config.sample.corpora),
        *(_checked(f"grammars for {key}", _grammars) for key in config.sample.parsing()),
    ]


def _corpus(corpus: Corpus) -> Finding:
    """Ask for what the corpus holds now, which shows whether it is there and may be read."""

    def found() -> str:
        corpus.identity()
        return "can be read"

    return _checked(corpus.title(), found)


def _grammars() -> str:
    for language in grammars.GRAMMARS:
        grammars.parse(b"", language)
    return f"{len(grammars.GRAMMARS)} languages"


def exit_code(findings: list[Finding]) -> int:
    """Return the exit code of the first failed check, 0 if none failed."""
    return next((finding.exit_code for finding in findings if finding.verdict == "failed"), 0)


def lines(findings: list[Finding]) -> list[str]:
    """Return the findings as text."""
    return [f"{finding.verdict:<9}{finding.check}: {finding.detail}" for finding in findings]


def _checked(check: str, examine_it: Callable[[], str]) -> Finding:
    try:
        return Finding(check, "ok", examine_it())
    except MagicoderError as error:
        return Finding(check, "failed", str(error), error.exit_code)


def _existing(root: Path) -> Path:
    """Return the nearest folder that exists."""
    return next(path for path in (root, *root.absolute().parents) if path.is_dir())


def _writable(root: Path) -> str:
    probe = _existing(root) / ".magicoder-gen-probe"
    with creating(root):
        probe.write_bytes(b"")
        probe.unlink()
    return str(root)


def _disk(root: Path) -> Finding:
    free = shutil.disk_usage(_existing(root)).free
    return Finding("disk", "ok" if free > LOW_DISK else "warning", f"{free / 1e9:.1f} GB free")


def _teacher(teacher: object) -> Iterator[Finding]:
    if isinstance(teacher, Chat):
        yield from (_endpoint(teacher, endpoint) for endpoint in teacher.every_endpoint())
    elif isinstance(teacher, Batch) and teacher.sends:
        yield _endpoint(Chat(model=teacher.model), teacher.endpoint)
    elif isinstance(teacher, Batch):
        yield Finding(teacher.model, "ok", "asked elsewhere: nothing is sent")
    elif isinstance(teacher, Local):
        yield _runtime()
        yield _checked("model", lambda: models.outlook(teacher.model))


def _runtime() -> Finding:
    if find_spec("xllamacpp"):
        return Finding("llama.cpp", "ok", "xllamacpp is installed")
    return Finding("llama.cpp", "failed", 'not installed: pip install "magicoder-gen[local]"', 78)


def _endpoint(chat: Chat, endpoint: Endpoint) -> Finding:
    """Ask an endpoint for its models: that takes the key, and somebody who listens."""
    model = endpoint.model or chat.model
    check = f"{model} at {endpoint.url}"
    try:
        listed = model_names(chat, endpoint)
    except MagicoderError as error:
        return Finding(check, "failed", str(error).removeprefix(f"{check}: "), error.exit_code)
    reached = f"reachable, key in ${endpoint.api_key_env}" if endpoint.api_key_env else "reachable, no key"
    if model in listed:
        return Finding(check, "ok", f"{reached}, has the model")
    said = f"lists {', '.join(listed[:5])}" if listed else "lists no models; is /v1 missing?"
    return Finding(check, "warning", f"{reached}, but {said}")


def _meaning(config: Config) -> Iterator[Finding]:
    """Look at what the semantic tier asks, if it is asked for."""
    semantic, judge = config.clean.decontaminate.semantic, config.judge
    if semantic is None:
        return
    yield _checked("embeddings", lambda: _ready(semantic.embeddings.check))
    if judge is None:
        yield Finding("judge", "warning", "none: similarity alone decides; set `judge`, or a threshold of 0.7")
        return
    yield _checked("judge", lambda: _ready(judge.check))
    yield from _teacher(judge.teacher)


def _categories(config: Config) -> Iterator[Finding]:
    """Look at what tells categories, if an export asks for them."""
    if config.export.asks_category:
        yield _checked("categories", lambda: _ready(config.categories.check))


def _ready(check: Callable[[], None]) -> str:
    check()
    return "ready"


def _recipe(config: Config) -> str:
    """Load every file of the recipe and render it once."""
    teacher = config.generate.teacher
    recipes.asker(
        config.generate.recipe,
        Sampling("doctor"),
        worked_example=teacher.worked_example,
        constrained=teacher.constrained,
    )
    return str(config.generate.recipe.path)


def _benchmarks(config: Config) -> str:
    from magicoder_gen.benchmarks import index_file

    named = config.clean.decontaminate.benchmarks
    return (
        ", ".join(f"{index_file.title(name)}: {index_file.texts(name):,} texts" for name in named) or "none asked for"
    )
