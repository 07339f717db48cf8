"""The files that an export wrote: all of them, none else, and as they were written."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from magicoder_gen.errors import ConfigError, CorruptData
from magicoder_gen.export import files, options
from magicoder_gen.records import Record
from magicoder_gen.storage import optouts, shards
from magicoder_gen.storage.rundir import RunDir, StageEntry

Read = TypeVar("Read")

_HELD = 10_000_000  # bytes; what the hub takes as part of a commit is smaller


class ExportedFile(Record, frozen=True):
    """A file: `path` below data/, which is its path in the repository too; its size in bytes and SHA-256."""

    path: str
    bytes: int
    sha256: str


class Export(Record, frozen=True):
    """What is to be published; `license` is what the card says, None if it says nothing."""

    folder: Path
    files: list[ExportedFile]
    rows: int
    license: str | None

    def at(self, file: ExportedFile) -> Path:
        """Return where a file lies on this machine."""
        return self.folder / file.path

    def card(self) -> str:
        """Return README.md, as the hub is to show it."""
        path = self.folder / files.CARD
        return _read(path, lambda: path.read_text(encoding="utf-8"))

    def verify(self, file: ExportedFile) -> None:
        """Raise CorruptData if the file does not hold what export wrote; reads it once, in pieces."""
        path = self.at(file)
        _require(path, _read(path, lambda: shards.sha256_of(path)), file)

    def content(self, file: ExportedFile) -> Path | bytes:
        """Return the bytes of a small file, which are what export wrote; else where it lies.

        Raises CorruptData.
        """
        path = self.at(file)
        if file.bytes > _HELD:
            return path
        content = _read(path, path.read_bytes)
        _require(path, hashlib.sha256(content).hexdigest(), file)
        return content

    def git_id(self, file: ExportedFile) -> str:
        """Return the hex SHA-1 that git calls the file's content by."""
        path = self.at(file)

        def digest() -> str:
            total = hashlib.sha1(b"blob %d\0" % file.bytes, usedforsecurity=False)
            with path.open("rb") as opened:
                while piece := opened.read(1 << 20):
                    total.update(piece)
            return total.hexdigest()

        return _read(path, digest)


def of(run: RunDir) -> Export:
    """Return what the run's export wrote.

    Raises ConfigError if it is not finished or older than its samples, CorruptData if a file is not what it wrote,
    TryLater while a purge is not finished.
    """
    optouts.require_finished(run.root)
    entry = run.require("export")
    _require_fresh(run)
    found = Export(run.folder("data"), _files(entry, run), entry.kept(), _license(entry))
    for file in found.files:
        found.verify(file)
    return found


def nothing(run: RunDir) -> Export:
    """Return what is published where all rows are taken back."""
    return Export(run.folder("data"), [], 0, None)


def _require_fresh(run: RunDir) -> None:
    """Refuse rows that `clean` may have dropped since, such as those that a stricter check finds."""
    if options.is_stale(run):
        raise ConfigError(
            f"{run.root}: the export is older than its samples, clean has run since; "
            "run `export` with the same configuration and --run, then push again"
        )


def _files(entry: StageEntry, run: RunDir) -> list[ExportedFile]:
    """Return the files, the card among them, in order of their paths; raise CorruptData for one that is not ours."""
    found = [
        ExportedFile(f"{folder}/{part.name}".removeprefix("data/"), part.bytes, part.sha256)
        for folder, parts in entry.parts.items()
        for part in parts
    ]
    foreign = next((file.path for file in found if not (file.path in files.TEXTS or files.is_ours(file.path))), None)
    if foreign is not None:
        raise CorruptData(f"{run.root}: the manifest lists {foreign!r}, which no export writes; run export again")
    return sorted(found, key=lambda file: file.path)


def _require(path: Path, sha256: str, file: ExportedFile) -> None:
    if sha256 != file.sha256:
        raise CorruptData(f"{path}: not the file that export wrote; restore it, or delete it and run export again")


def _license(entry: StageEntry) -> str | None:
    card = entry.inputs.get("card")
    return card.get("license") if isinstance(card, dict) else None


def _read(path: Path, read: Callable[[], Read]) -> Read:
    try:
        return read()
    except OSError as error:
        raise CorruptData(f"{path}: {error.strerror}; make it readable, or run export again") from error
