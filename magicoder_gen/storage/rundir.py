"""The run directory: which file is where, one writer at a time, the frozen configuration, the manifest."""

import fcntl
import os
import platform
import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Literal

import msgspec

from magicoder_gen import __version__
from magicoder_gen.errors import ConfigError, CorruptData, TryLater, creating
from magicoder_gen.fingerprint import digest
from magicoder_gen.records import Counts, Record
from magicoder_gen.storage import frozen, shards
from magicoder_gen.storage.shards import Layout, Part

DISTRIBUTION = "magicoder-gen"
_DEV = re.compile(r"extra == .dev\b")
PURGING = "purge.pending"  # what a purge has still to do
StageName = Literal["sample", "generate", "clean", "export"]


class StageEntry(Record, frozen=True):
    """What the manifest says of one stage.

    `inputs` is everything that decides the outcome, as plain JSON; `fingerprint` digests it.
    `seconds` is wall time summed over all commands, `cost` is in USD, None where prices are unknown.
    """

    state: Literal["running", "complete", "partial"]
    fingerprint: str
    inputs: dict[str, Any]
    versions: dict[str, str] = {}
    counts: Counts | None = None
    parts: dict[str, list[Part]] = {}
    seconds: float = 0.0
    cost: float | None = None

    def kept(self) -> int:
        """Return how many came out, 0 if the stage did not get that far."""
        return self.counts.kept if self.counts else 0


class Status(Record, frozen=True):
    """The heartbeat: some seconds old while prompts are asked. `cost` is in USD; times are ISO 8601 in UTC."""

    stage: str
    done: int
    total: int | None
    pending: int | None
    in_flight: int
    cost: float | None
    last_progress: str
    pid: int
    updated: str

    def progressed(self) -> float:
        """Return the time of the last progress in seconds since 1970."""
        return datetime.fromisoformat(self.last_progress).timestamp()


class RunDir:
    """The files of one run; reading needs no lock, writing happens inside `locked()`.

    Who runs stages gives the resolved configuration too, which is kept in config.yaml.
    """

    def __init__(self, root: Path, *, layout: Layout | None = None, config: dict[str, Any] | None = None) -> None:
        self.root = root
        self.layout = layout or Layout()
        self._config = config

    def folder(self, name: str) -> Path:
        """Return seeds/, replies/, samples/, rejections/ or data/."""
        return self.root / name

    @property
    def config_path(self) -> Path:
        """The configuration that the run was made with."""
        return self.root / "config.yaml"

    @contextmanager
    def locked(self, *, purging: bool = False) -> Iterator[None]:
        """Be the only writer; raise TryLater naming the holder, or CannotCreate where we may not write.

        If no stage begins meanwhile and none had before, nothing is left behind. After a purge that was interrupted
        only another one (`purging`) may write; others raise TryLater.
        """
        path = self.root / "run.lock"
        missing = [folder for folder in (self.root, *self.root.parents) if not folder.exists()]
        with creating(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            file = path.open("a+", encoding="utf-8")
        with file:
            if not _flocked(file) or not _is_at(path, file):
                file.seek(0)
                holder = file.read().strip() or "another process"
                raise TryLater(f"{self.root} is in use by {holder}; wait for it or choose another --run")
            with creating(path):
                file.truncate(0)
                file.write(f"pid {os.getpid()} on {socket.gethostname()} since {_now()}\n")
                file.flush()
            if not purging and (self.root / PURGING).exists():
                raise TryLater(f"{self.root}: a purge was interrupted; run the same `purge` command again first")
            try:
                yield
            finally:
                if not (self.root / "manifest.json").exists():
                    self._vanish(missing)

    def _vanish(self, made: list[Path]) -> None:
        """Remove the lock, the heartbeat and the folders that were made for them, innermost first."""
        for name in ("status.json", "metrics.prom", "run.lock"):
            (self.root / name).unlink(missing_ok=True)
        with suppress(OSError):  # of a folder that is not empty
            for folder in made:
                folder.rmdir()

    def stages(self) -> dict[str, StageEntry]:
        """Return the manifest; empty before the first stage."""
        path = self.root / "manifest.json"
        try:
            return msgspec.json.decode(path.read_bytes(), type=dict[str, StageEntry])
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise CorruptData(f"{path}: {error}; delete it, and finished stages are done again") from error

    def is_complete(self, stage: StageName, inputs: dict[str, Any]) -> bool:
        """Whether the stage finished with these inputs and its parts are still there, by name and size."""
        entry = self.stages().get(stage)
        if entry is None or entry.state != "complete" or entry.fingerprint != digest(inputs):
            return False
        return not self._damaged(entry)

    def require(self, stage: StageName) -> StageEntry:
        """Return the entry of a finished stage; raise ConfigError if it is not, CorruptData if its files are not."""
        entry = self.stages().get(stage)
        if entry is None or entry.state != "complete":
            state = "has not been run" if entry is None else "is not finished"
            raise ConfigError(
                f"{self.root}: {stage} {state}; run `{stage}` with the same configuration and --run first"
            )
        damaged = self._damaged(entry)
        if damaged:
            raise CorruptData(
                f"{damaged}: not the file that {stage} wrote; restore it, or delete it and run {stage} again"
            )
        return entry

    def _damaged(self, entry: StageEntry) -> Path | None:
        """Return the first part that is missing or has another size than when it was written."""
        return next(
            (
                self.folder(folder) / part.name
                for folder, parts in entry.parts.items()
                for part in parts
                if _size(self.folder(folder) / part.name) != part.bytes
            ),
            None,
        )

    def begin(self, stage: StageName, inputs: dict[str, Any]) -> None:
        """Mark the stage as running; what it wrote before is no longer to be trusted."""
        if self._config is not None:
            frozen.update(self.config_path, self._config, stage)
        before = self.stages().get(stage)
        goes_on = before and (stage == "generate" or before.state != "complete")
        seconds = before.seconds if before and goes_on else 0.0
        self._put(stage, StageEntry("running", digest(inputs), as_json(inputs), seconds=seconds))

    def finish(
        self,
        stage: StageName,
        *,
        state: Literal["complete", "partial"],
        counts: Counts,
        parts: dict[str, list[Part]],
        seconds: float,
        cost: float | None = None,
    ) -> StageEntry:
        """Record how the stage ended; `seconds` is added to what earlier commands took."""
        begun = self.stages()[stage]
        entry = msgspec.structs.replace(
            begun,
            state=state,
            counts=counts,
            parts=parts,
            seconds=begun.seconds + seconds,
            cost=cost,
            versions=_versions(),
        )
        self._put(stage, entry)
        return entry

    def beat(self, status: Status) -> None:
        """Write the heartbeat."""
        shards.write_file(self.root / "status.json", msgspec.json.encode(status) + b"\n")

    def status(self) -> Status | None:
        """Return the last heartbeat, None if there is none to be read."""
        try:
            return msgspec.json.decode((self.root / "status.json").read_bytes(), type=Status)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return None

    def is_locked(self) -> bool:
        """Whether a writer is alive now."""
        try:
            with (self.root / "run.lock").open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except FileNotFoundError:
            return False
        return False

    def _put(self, stage: str, entry: StageEntry) -> None:
        self.replace({**self.stages(), stage: entry})

    def replace(self, stages: dict[str, StageEntry]) -> None:
        """Write the manifest anew."""
        encoded = msgspec.json.format(msgspec.json.encode(stages), indent=2)
        shards.write_file(self.root / "manifest.json", encoded + b"\n")


def heartbeat(
    stage: str,
    done: int,
    total: int | None,
    *,
    in_flight: int,
    cost: float | None,
    progressed: float,
) -> Status:
    """Return a Status of this process, now; `progressed` is when `done` last changed, in seconds since 1970."""
    pending = None if total is None else max(0, total - done - in_flight)
    last_progress = datetime.fromtimestamp(progressed, UTC).isoformat(timespec="seconds")
    return Status(stage, done, total, pending, in_flight, cost, last_progress, os.getpid(), _now())


def as_json(value: Any) -> dict[str, Any]:
    """Return what comes back when `value` goes through JSON: lists for tuples, text for paths."""
    decoded: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(value, enc_hook=str))
    return decoded


def _flocked(file: IO[str]) -> bool:
    """Take the lock; wait for the blink of an eye in which `is_locked` holds it."""
    for _ in range(10):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.03)
        else:
            return True
    return False


def _is_at(path: Path, file: IO[str]) -> bool:
    """Whether an open file is still the one of that name: who held the lock before may have removed it."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _versions() -> dict[str, str]:
    """Return the versions of what can change a result: ours, Python's, and those of what we depend on and is here.

    A checkout that is not installed does not know what it depends on.
    """
    from importlib import metadata

    found = {DISTRIBUTION: __version__, "python": platform.python_version()}
    with suppress(metadata.PackageNotFoundError):
        names = [re.match(r"[\w.-]+", line) for line in metadata.requires(DISTRIBUTION) or () if not _DEV.search(line)]
        for name in filter(None, names):
            with suppress(metadata.PackageNotFoundError):
                found[name[0]] = metadata.version(name[0])
    return found


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else -1
