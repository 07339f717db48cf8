"""The configuration: the union of the stages' options, read from YAML, overridden by flags."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import msgspec

from magicoder_gen.categories import AnyCategories
from magicoder_gen.categories.words import Words
from magicoder_gen.clean.options import CleanOptions
from magicoder_gen.embeddings.endpoint import Endpoint
from magicoder_gen.executors import AnyExecutor, Processes
from magicoder_gen.export.options import ExportOptions
from magicoder_gen.generate.judge import Judge
from magicoder_gen.generate.options import GenerateOptions
from magicoder_gen.generate.teachers.batch import Batch
from magicoder_gen.generate.teachers.chat import Chat
from magicoder_gen.generate.teachers.local import Local
from magicoder_gen.records import Options
from magicoder_gen.sample.corpora.hub import Hub
from magicoder_gen.sample.options import SampleOptions
from magicoder_gen.storage import builtin, rundir, settings
from magicoder_gen.storage.shards import Layout

QUICKSTART = "configs/quickstart.yaml"


class Config(Options, frozen=True):
    """One section a stage, the judge that `clean` asks, and how `export` and `report` tell categories.

    Every key has a default. A block without `type` has that of its default.
    """

    rng_seed: Annotated[int, msgspec.Meta(ge=0)] = 976
    storage: Layout = Layout()
    executor: AnyExecutor = Processes()
    sample: SampleOptions = SampleOptions()
    generate: GenerateOptions = GenerateOptions()
    clean: CleanOptions = CleanOptions()
    judge: Judge | None = None
    categories: AnyCategories = Words()
    export: ExportOptions = ExportOptions()


def locate(given: Path | None, run: Path | None) -> Path:
    """Return the file to read: the given one, else the run directory's own, else the built-in quickstart."""
    if given is not None:
        return given / "config.yaml" if given.is_dir() else given
    if run is not None and (run / "config.yaml").is_file():
        return run / "config.yaml"
    return builtin.path(QUICKSTART)


def load(path: Path, overrides: Iterable[str] = (), flags: dict[str, Any] | None = None) -> Config:
    """Read and check the file, once; raise ConfigError with file, line, key and remedy.

    `flags` are the short ones, by the names of their parameters. `overrides` win over them.
    """
    text, source = settings.text(path), path.resolve()
    config = settings.decode(text, Config, source=source)
    every = [*_flag_overrides(config, flags or {}), *overrides]
    return settings.decode(text, Config, source=source, overrides=every) if every else config


_FLAGS = {
    "num": "sample.num",
    "max_cost": "generate.limits.max_cost",
    "target_accepted": "generate.limits.target_accepted",
    "redo_truncated": "generate.redo_truncated",
}
"""The short flags that set one key each, whatever the teacher."""


def _flag_overrides(config: Config, flags: dict[str, Any]) -> list[str]:
    """Turn the short flags that are given into overrides; a URL makes the teacher a `chat`."""
    given = {key: value for key, value in flags.items() if value is not None}
    overrides = [f"{path}={given[key]}" for key, path in _FLAGS.items() if key in given]
    if given.get("input"):
        overrides.append(f"clean.input.paths={json.dumps(given['input'])}")
    teacher = config.generate.teacher
    if "base_url" in given and not isinstance(teacher, Chat | Batch):
        teacher = Chat()
        overrides.append("generate.teacher={type: chat}")
    if "concurrency" in given:
        key = "slots" if isinstance(teacher, Local) else "concurrency"
        overrides.append(f"generate.teacher.{key}={given['concurrency']}")
    named = [f"generate.teacher.{key}={json.dumps(given[key])}" for key in ("model", "base_url") if key in given]
    return overrides + named


def run_root(path: Path) -> Path:
    """Return the default run directory: runs/NAME, where NAME is the file's, or its folder's for config.yaml."""
    resolved = path.resolve()
    if resolved.stem != "config":
        return Path("runs") / resolved.stem
    return resolved.parent if (resolved.parent / "manifest.json").exists() else Path("runs") / resolved.parent.name


def resolved(config: Config) -> dict[str, Any]:
    """Return every key as plain JSON, paths absolute. It holds names of keys, never keys."""
    return rundir.as_json(config)


def key_variables(config: Config) -> list[str]:
    """Return the names of the environment variables that may hold a key, which nobody may see."""
    teachers = [config.generate.teacher, *([config.judge.teacher] if config.judge else [])]
    asked = [name for teacher in teachers if isinstance(teacher, Chat | Batch) for name in teacher.key_variables()]
    read = [corpus.token_env for corpus in config.sample.corpora if isinstance(corpus, Hub)]
    embedding = [
        block.embeddings
        for block in (config.clean.decontaminate.semantic, config.categories)
        if block and not isinstance(block, Words)
    ]
    embedded = [model.api_key_env for model in embedding if isinstance(model, Endpoint)]
    return [*asked, *filter(None, read), *filter(None, embedded)]
