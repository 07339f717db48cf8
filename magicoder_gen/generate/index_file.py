"""The file of the journal's index: whether it is of this journal, made anew where it is not, read without a change."""

import logging
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from magicoder_gen.fingerprint import digest
from magicoder_gen.generate import journal
from magicoder_gen.generate.journal import Place

logger = logging.getLogger(__name__)

NAME = "index.sqlite"
_VERSION = 1
_TAIL = 4096  # bytes

_SCHEMA = f"""
PRAGMA user_version = {_VERSION};
CREATE TABLE outcomes (
    prompt TEXT PRIMARY KEY, seed INTEGER, number INTEGER, redo_of TEXT,
    state INTEGER, kind TEXT, part INTEGER, offset INTEGER
) WITHOUT ROWID;
CREATE INDEX redone ON outcomes (redo_of) WHERE redo_of IS NOT NULL;
CREATE INDEX failures ON outcomes (kind) WHERE state > 1;
CREATE TABLE open (prompt TEXT PRIMARY KEY, cost REAL) WITHOUT ROWID;
CREATE TABLE facts (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE plan (prompt TEXT PRIMARY KEY, seed INTEGER, number INTEGER) WITHOUT ROWID;
"""


def opened(folder: Path) -> sqlite3.Connection:
    """Open the file for writing, made anew if it is not of the journal in `folder`; raises what SQLite raises."""
    path = folder / NAME
    if path.exists() and not _is_sound(path, folder):
        _remove(path)
    database = sqlite3.connect(path)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")  # a power cut may lose commits, never the file
        if not database.execute("PRAGMA user_version").fetchone()[0]:
            _created(database)
    except sqlite3.DatabaseError:
        database.close()
        raise
    return database


def _is_sound(path: Path, folder: Path) -> bool:
    """Whether a file holds an index of this journal; raises what SQLite raises unless the file is to blame."""
    with closing(sqlite3.connect(path)) as database:
        try:
            return _is_of(database, folder)
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode in {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
                logger.info("%s: %s; made anew from the journal", path, error)
                return False
            raise


def snapshot(folder: Path, *, is_copy: bool = False) -> tuple[sqlite3.Connection, bool] | None:
    """Return the file as it is now, for reading, and whether the journal is further; then it is a copy.

    None if the file is of no use.
    """
    path = folder / NAME
    try:
        stored = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    except sqlite3.OperationalError:  # there is none
        return None
    try:
        stored.execute("BEGIN")
        if not _is_of(stored, folder):
            stored.close()
            return None
        if not is_copy and _is_current(stored, folder):
            return stored, False
        copy = sqlite3.connect("")
        stored.backup(copy)
    except sqlite3.DatabaseError:  # damaged, or not ours to read
        stored.close()
        return None
    stored.close()
    return copy, True


def _is_current(database: sqlite3.Connection, folder: Path) -> bool:
    """Whether nothing was journaled since."""
    facts = dict(database.execute("SELECT name, value FROM facts WHERE name IN ('part', 'offset')"))
    start = Place(facts.get("part", 0), facts.get("offset", 0))
    return next(journal.entries(folder, start), None) is None


def temporary() -> sqlite3.Connection:
    """Return an empty index that ends with its connection; what is too much for memory goes to a temporary file."""
    return _created(sqlite3.connect(""))


def _created(database: sqlite3.Connection) -> sqlite3.Connection:
    database.executescript(_SCHEMA)
    return database


def _is_of(database: sqlite3.Connection, folder: Path) -> bool:
    """Whether the file is an index of our version that matches the journal as far as it reaches."""
    if database.execute("PRAGMA user_version").fetchone()[0] != _VERSION:
        return False
    facts = dict(database.execute("SELECT name, value FROM facts WHERE name IN ('part', 'offset', 'parts')"))
    if "parts" not in facts:
        return not any(database.execute("SELECT 1 FROM outcomes LIMIT 1"))
    end = Place(facts["part"], facts["offset"])
    return bool(facts["parts"] == traits(folder, end))


def traits(folder: Path, end: Place) -> str:
    """Return what tells a journal up to `end` from another: the bytes of the parts before, the last ones of its own."""
    closed = [path for path in journal.part_paths(folder) if journal.part_number(path) < end.part]
    sizes = {path.name: path.stat().st_size for path in closed}
    tail = b""
    with suppress(FileNotFoundError), journal.part_path(folder, end.part).open("rb") as file:
        file.seek(max(0, end.offset - _TAIL))
        tail = file.read(min(_TAIL, end.offset))
    return digest([sizes, tail.hex()])


def _remove(path: Path) -> None:
    for name in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        with suppress(FileNotFoundError):
            name.unlink()
