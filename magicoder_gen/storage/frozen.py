"""The configuration that a run was made with: each section as its stage last used it, every key resolved."""

from pathlib import Path
from typing import Any

import yaml

from magicoder_gen.errors import ConfigError
from magicoder_gen.storage import shards, strict_yaml

FIRST = "sample"  # the stage whose beginning also sets what belongs to no stage
_HEAD = "# The configuration this run was made with: each section as its stage last used it, every key resolved.\n"

Tree = dict[str, Any]


def text(tree: Tree) -> str:
    """Return a configuration as YAML."""
    return _HEAD + yaml.safe_dump(tree, sort_keys=False)


def update(path: Path, tree: Tree, stage: str) -> None:
    """Put into the file at `path` what `stage` is about to use of `tree`; all of it where there is no such file.

    A file that holds all that already is left as it is, the user's comments included.
    """
    before = _read(path)
    after = {**before, **_used(tree, stage)} if before else tree
    if after != before:
        shards.write_file(path, text(after).encode())


def _used(tree: Tree, stage: str) -> Tree:
    """Return the sections of the stage; seeds also depend on what stands outside of sections."""
    users = {"judge": "clean", "categories": "export"} | {
        name: name for name in ("sample", "generate", "clean", "export")
    }
    return {key: value for key, value in tree.items() if users.get(key, FIRST) == stage}


def _read(path: Path) -> Tree:
    """Return what the file holds, nothing where it is missing or damaged: then it is written anew."""
    try:
        tree = strict_yaml.construct(strict_yaml.compose(path.read_text(encoding="utf-8"), path), path)
    except (OSError, UnicodeDecodeError, ConfigError):
        return {}
    return tree if isinstance(tree, dict) else {}
