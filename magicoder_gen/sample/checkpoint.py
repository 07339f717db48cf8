"""How far an interrupted scan came: read again, it goes on from there."""

import logging
import time
from pathlib import Path

import msgspec

from magicoder_gen.errors import CorruptData
from magicoder_gen.records import Record
from magicoder_gen.sample.scan import Findings
from magicoder_gen.storage import shards

SECONDS = 30.0  # between two writings: what a crash can cost

logger = logging.getLogger(__name__)


class Progress(Record, frozen=True):
    """The first `done` tasks are read, and what they gave; `fingerprint` names the stage's inputs.

    `guessed` tells whether a guess limited what was looked at, `spare` how many candidates per seed are kept.
    """

    fingerprint: str
    done: int
    findings: Findings
    guessed: bool
    spare: int


class Checkpoint:
    """The file that keeps a scan's progress; it is worth nothing once the stage is complete."""

    def __init__(self, path: Path, fingerprint: str) -> None:
        self._path = path
        self._fingerprint = fingerprint
        self._written = time.monotonic()

    def read(self) -> Progress | None:
        """Return the progress of an interrupted scan with the same inputs, None if there is none."""
        try:
            progress = msgspec.msgpack.decode(self._path.read_bytes(), type=Progress)
        except FileNotFoundError:
            return None
        except IsADirectoryError as error:
            raise CorruptData(f"{self._path} is a folder; delete it and run the same command again") from error
        except (OSError, msgspec.DecodeError) as error:
            logger.info("%s cannot be used, reading starts anew: %s", self._path, error)
            return None
        return progress if progress.fingerprint == self._fingerprint else None

    def is_due(self) -> bool:
        """Whether the last writing is so long ago that another is worth its while."""
        return time.monotonic() - self._written >= SECONDS

    def write(self, done: int, findings: Findings, *, guessed: bool, spare: int) -> None:
        """Replace the file."""
        progress = Progress(self._fingerprint, done, findings, guessed, spare)
        shards.write_file(self._path, msgspec.msgpack.encode(progress))
        self._written = time.monotonic()

    def remove(self) -> None:
        """Delete the file, if there is one."""
        self._path.unlink(missing_ok=True)
