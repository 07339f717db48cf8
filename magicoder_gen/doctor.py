"""Can this machine run the configuration? Each finding is a fact; the only request is for the list of models."""

import shutil
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from magicoder_gen.config import Config
from magicoder_gen.errors import MagicoderError, creating
from magicoder_gen.generate import models, recipes
from magicoder_gen.generate.teachers.chat import Chat, model_names
from magicoder_gen.generate.teachers.local import Local
from magicoder_gen.records import Record
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
        _checked("recipe", lambda: ", ".join(recipes.content(config.generate.recipe))),
        _checked("run directory", lambda: _writable(run.root)),
        _disk(run.root),
        *_teacher(config.generate.teacher),
        _checked("benchmarks", lambda: _benchmarks(config)),
    ]


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


def _writable(root: Path) -> str:
    existing = next(path for path in (root, *root.absolute().parents) if path.is_dir())
    probe = existing / ".magicoder-gen-probe"
    with creating(root):
        probe.write_bytes(b"")
        probe.unlink()
    return str(root)


def _disk(root: Path) -> Finding:
    existing = next(path for path in (root, *root.absolute().parents) if path.is_dir())
    free = shutil.disk_usage(existing).free
    return Finding("disk", "ok" if free > LOW_DISK else "warning", f"{free / 1e9:.1f} GB free")


def _teacher(teacher: object) -> Iterator[Finding]:
    if isinstance(teacher, Chat):
        yield _checked("key", lambda: "none is sent" if teacher.key() == "none" else f"in ${teacher.api_key_env}")
        yield _checked("model", lambda: _known_model(teacher))
    elif isinstance(teacher, Local):
        yield _runtime()
        yield _checked("model", lambda: models.outlook(teacher.model))


def _runtime() -> Finding:
    if find_spec("xllamacpp"):
        return Finding("llama.cpp", "ok", "xllamacpp is installed")
    return Finding("llama.cpp", "failed", 'not installed: pip install "magicoder-gen[local]"', 78)


def _known_model(teacher: Chat) -> str:
    names = model_names(teacher)
    if names and teacher.model not in names:
        return f"{teacher.model} is not among the {len(names)} models the endpoint lists; it may still answer to it"
    return f"{teacher.model} at {teacher.base_url or 'OpenAI'}"


def _benchmarks(config: Config) -> str:
    from magicoder_gen.clean import benchmarks

    named = config.clean.decontaminate.benchmarks
    return ", ".join(f"{name}: {len(list(benchmarks.items(name)))} texts" for name in named) or "none asked for"
