"""Where rows of a run were published, so that they can be found again when somebody opts out: pushes.jsonl."""

from pathlib import Path

import msgspec

from magicoder_gen.errors import CorruptData
from magicoder_gen.records import Record
from magicoder_gen.storage import shards

NAME = "pushes.jsonl"


class Pushed(Record, frozen=True):
    """A commit: `repository` on `hub`, what it sent (`bytes`) and removed. `at` is ISO 8601 in UTC.

    A `commit` that is null was asked for, and may have been made: nobody saw the answer.
    """

    at: str
    hub: str
    repository: str
    revision: str
    commit: str | None
    rows: int
    files: int
    bytes: int
    removed: int


def note(root: Path, pushed: Pushed, *, instead: Pushed | None = None) -> None:
    """Add a line to the file of the run at `root`, in place of that of `instead`; it is there whole, or as it was.

    Raises DiskError, CorruptData for what cannot be read.
    """
    gone = msgspec.json.encode(instead) if instead else None
    lines = [line for line in _lines(root) if line != gone]
    shards.write_file(root / NAME, b"".join(line + b"\n" for line in (*lines, msgspec.json.encode(pushed))))


def read(root: Path) -> list[Pushed]:
    """Return what was pushed, in order; raises CorruptData for a damaged line or file."""
    try:
        return [msgspec.json.decode(line, type=Pushed) for line in _lines(root)]
    except msgspec.DecodeError as error:
        raise CorruptData(f"{root / NAME}: {error}; correct the line, it says where rows were published") from error


def _lines(root: Path) -> list[bytes]:
    path = root / NAME
    try:
        return [line for line in path.read_bytes().split(b"\n") if line] if path.exists() else []
    except OSError as error:
        raise CorruptData(f"{path}: {error.strerror}; make it readable, it says where rows were published") from error
