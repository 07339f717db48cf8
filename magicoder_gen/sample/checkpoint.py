"""How far an interrupted reading came: begun again, it goes on from there."""

import logging
import time
from pathlib import Path
from typing import TypeVar

import msgspec

from magicoder_gen.errors import CorruptData
from magicoder_gen.records import Record
from magicoder_gen.storage import shards

FILE = "scan.progress"  # in seeds/
SECONDS = 30.0  # between two writings: what a crash can cost

State = TypeVar("State", bound=Record)

logger = logging.getLogger(__name__)


class _Kept(Record, frozen=True):
    """What the file holds; `fingerprint` names the stage's inputs and the division of its work."""

    fingerprint: str
    state: msgspec.Raw


def age(path: Path) -> float | None:
    """Return how many seconds ago the file was written, None if there is none."""
    try:
        return max(0.0, time.time() - path.stat().st_mtime)
    except OSError:
        return None


class Checkpoint:
    """The file that keeps the state of a reading; it is worth nothing once the stage is complete."""

    def __init__(self, path: Path, fingerprint: str) -> None:
        self._path = path
        self._fingerprint = fingerprint
        self._written = time.monotonic()

    def read(self, kind: type[State]) -> State | None:
        """Return what an interrupted reading with the same fingerprint has left, None if there is nothing."""
        try:
            kept = msgspec.msgpack.decode(self._path.read_bytes(), type=_Kept)
            return msgspec.msgpack.decode(kept.state, type=kind) if kept.fingerprint == self._fingerprint else None
        except FileNotFoundError:
            return None
        except IsADirectoryError as error:
            raise CorruptData(f"{self._path} is a folder; delete it and run the same command again") from error
        except (OSError, msgspec.DecodeError) as error:
            logger.info("%s cannot be used, reading starts anew: %s", self._path, error)
            return None

    def is_due(self) -> bool:
        """Whether the last writing is so long ago that another is worth its while."""
        return time.monotonic() - self._written >= SECONDS

    def write(self, state: Record) -> None:
        """Replace the file."""
        kept = _Kept(self._fingerprint, msgspec.Raw(msgspec.msgpack.encode(state)))
        shards.write_file(self._path, msgspec.msgpack.encode(kept))
        self._written = time.monotonic()

    def remove(self) -> None:
        """Delete the file, if there is one."""
        self._path.unlink(missing_ok=True)
