"""Source files below a folder, and one of them as a document."""

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from magicoder_gen.errors import ConfigError
from magicoder_gen.fingerprint import digest
from magicoder_gen.records import Document, Origin, Skipped
from magicoder_gen.sample import languages
from magicoder_gen.sample.texts import content_id

MAX_BYTES = 10_000_000  # ours: no source file that people wrote comes near

logger = logging.getLogger(__name__)


class SourceFile(NamedTuple):
    """A regular file with a known extension; `relative` has "/" and is valid Unicode, `size` is in bytes."""

    path: Path
    relative: str
    language: str
    size: int
    mtime_ns: int


def walk(root: Path, *, pruned: Callable[[Path], bool]) -> Iterator[SourceFile]:
    """Yield the source files below `root`, sorted by name within each folder; follows no symbolic link.

    Folders for which `pruned` holds are left out. A file whose extension we do not know is none of ours.
    Raises ConfigError if `root` is not a folder.
    """
    if not root.is_dir():
        found = "is not a folder" if root.exists() else "does not exist"
        raise ConfigError(f"sample.corpora: path {root} {found}; name the folder that holds the source files")
    yield from _below(root, "", pruned)


def _below(folder: Path, prefix: str, pruned: Callable[[Path], bool]) -> Iterator[SourceFile]:
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except PermissionError as error:
        logger.warning("%s cannot be read and is left out: %s", folder, error.strerror)
        return
    for entry in entries:
        relative = prefix + os.fsencode(entry.name).decode("utf-8", "replace")
        if entry.is_dir(follow_symlinks=False):
            if not pruned(Path(entry.path)):
                yield from _below(Path(entry.path), f"{relative}/", pruned)
        elif entry.is_file(follow_symlinks=False) and (language := languages.of_file(entry.name)):
            stat = entry.stat(follow_symlinks=False)
            yield SourceFile(Path(entry.path), relative, language, stat.st_size, stat.st_mtime_ns)


def identity(files: Iterable[SourceFile]) -> str:
    """Return a digest of names, sizes and times: cheap, and different when a file was edited."""
    return digest([(file.relative, file.size, file.mtime_ns) for file in files])


def read(file: SourceFile, origin: Origin, *, max_bytes: int) -> Document | Skipped:
    """Return the file as a document, its text as decoded from UTF-8, or why it is none."""
    if file.size > max_bytes:
        return Skipped("too_large", origin)
    try:
        content = file.path.read_bytes()
    except (PermissionError, FileNotFoundError):
        return Skipped("unreadable", origin)
    if b"\0" in content:
        return Skipped("binary", origin)
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return Skipped("encoding", origin)
    return Document(content_id(text), text, file.language, origin)
