"""Where rows of a run were published, so that they can be found again when somebody opts out: pushes.jsonl."""

from pathlib import Path

import msgspec

from magicoder_gen.errors import CorruptData
from magicoder_gen.records import Record
from magicoder_gen.storage import shards

NAME = "pushes.jsonl"


class Pushed(Record, frozen=True):
    """A commit that was made: `repository` on `hub`, what it sent (`bytes`) and removed. `at` is ISO 8601 in UTC."""

    at: str
    hub: str
    repository: str
    revision: str
    commit: str
    rows: int
    files: int
    bytes: int
    removed: int


def note(root: Path, pushed: Pushed) -> None:
    """Add a line to the file of the run at `root`, which is there whole or as it was; raises DiskError."""
    before = b"".join(line + b"\n" for line in _lines(root))
    shards.write_file(root / NAME, before + msgspec.json.encode(pushed) + b"\n")


def read(root: Path) -> list[Pushed]:
    """Return what was pushed, in order; raises CorruptData for a damaged line."""
    try:
        return [msgspec.json.decode(line, type=Pushed) for line in _lines(root)]
    except msgspec.DecodeError as error:
        raise CorruptData(f"{root / NAME}: {error}; correct the line, it says where rows were published") from error


def _lines(root: Path) -> list[bytes]:
    path = root / NAME
    return [line for line in path.read_bytes().split(b"\n") if line] if path.exists() else []
