"""What a run keeps beside its records: vectors, the index of what it published, leftovers, what it exported."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec

from magicoder_gen.clean import published
from magicoder_gen.clean.columns import Columns
from magicoder_gen.clean.published import Contents
from magicoder_gen.embeddings.cache import FOLDER as VECTORS
from magicoder_gen.errors import CorruptData, DiskError
from magicoder_gen.export import files
from magicoder_gen.storage import metrics, optouts, pushes, shards
from magicoder_gen.storage.rundir import PURGING
from magicoder_gen.storage.shards import Part

_LEFTOVERS = ("*.jsonl.tmp", "*.jsonl.zst.tmp", "*.jsonl.part", "*.parquet.tmp", ".*.tmp")  # of killed commands
_DATA = ("README.md", "dataset_info.json", "axolotl.yaml")
_NEW = "index.tmp"
_FOLDERS = ("seeds", "replies", "samples", "rejections", "judgements", VECTORS, published.FOLDER, "data")
_FILES = ("config.yaml", "manifest.json", "status.json", "run.lock", "report.html", "stats.json", pushes.NAME)
_KNOWN = frozenset({*_FOLDERS, *_FILES, metrics.NAME, optouts.LEDGER, PURGING})
_SHOWN = 5


def leftovers(root: Path) -> None:
    """Remove what killed commands left half written."""
    for folder in ("clean.scratch", "data/.export"):
        shutil.rmtree(root / folder, ignore_errors=True)
    for pattern in _LEFTOVERS:
        for path in root.rglob(pattern):
            path.unlink()


def exported(data: Path) -> None:
    """Remove what `export` wrote, and folders that hold nothing else."""
    ours = [path for path in data.rglob("*") if path.is_file() and files.is_ours(path.relative_to(data).as_posix())]
    for path in [*ours, *(data / name for name in _DATA)]:
        path.unlink(missing_ok=True)
    for folder in [*sorted({path.parent for path in ours}), data]:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def strangers(root: Path) -> str | None:
    """Return a sentence about files that no command of ours writes, None if there are none."""
    data = root / "data"
    ours = (*_DATA, *(path.parent.name for path in data.rglob("*") if files.is_ours(path.relative_to(data).as_posix())))
    found = [path for path in root.iterdir() if path.name not in _KNOWN]
    found += [path for path in (data.iterdir() if data.is_dir() else ()) if path.name not in ours]
    names = ", ".join(str(path.relative_to(root)) for path in sorted(found)[:_SHOWN])
    return (
        f"not looked into, since no command of ours writes it: {names}{' …' if found[_SHOWN:] else ''}"
        if found
        else None
    )


def vectors(folder: Path, problems: frozenset[str] | None, *, counts_only: bool = False) -> int:
    """Take the vectors of texts with these keys (None: of all) out of every cache in `folder`; return their number."""
    found = 0
    for path in sorted(folder.glob("*.sqlite")) if problems != frozenset() else ():
        try:
            with closing(_opened(path, is_for_reading=counts_only)) as database:
                found += _vectors(database, problems, counts_only=counts_only)
        except sqlite3.OperationalError as error:
            raise DiskError(f"{path}: {error}; free space and run the same command again") from error
        except sqlite3.DatabaseError as error:
            raise CorruptData(f"{path}: {error}; delete this file to embed everything again") from error
    return found


def _opened(path: Path, *, is_for_reading: bool) -> sqlite3.Connection:
    """Open a cache; to read one that nobody has open, without leaving anything beside it."""
    if not is_for_reading:
        return sqlite3.connect(path)
    mode = "mode=ro" if path.with_name(f"{path.name}-wal").exists() else "immutable=1"
    return sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True)


def _vectors(database: sqlite3.Connection, problems: frozenset[str] | None, *, counts_only: bool) -> int:
    """Delete, then write the file anew: SQLite leaves what it deletes in free pages."""
    every = database.execute("SELECT text FROM vectors") if problems is None else ()
    keys = [*every, *((bytes.fromhex(key),) for key in problems or ())]
    found = sum(1 for key in keys if database.execute("SELECT 1 FROM vectors WHERE text = ?", key).fetchone())
    if not counts_only:
        with database:
            database.executemany("DELETE FROM vectors WHERE text = ?", keys)
        database.execute("VACUUM")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return found


def index(root: Path, rows: frozenset[str]) -> None:
    """Take rows out of the index by which later runs recognise what this one published."""
    folder, new = root / published.FOLDER, root / _NEW
    meta = folder / "index.json"
    if not meta.exists() and (new / "index.json").exists():  # killed between removing and renaming
        shutil.rmtree(folder, ignore_errors=True)
        new.rename(folder)
    shutil.rmtree(new, ignore_errors=True)
    if not meta.exists() or not rows:
        return
    contents = msgspec.json.decode(meta.read_bytes(), type=Contents)
    if _copied(folder, new, contents, rows):
        published.forget(root)
        new.rename(folder)
    shutil.rmtree(new, ignore_errors=True)


def _copied(folder: Path, new: Path, contents: Contents, rows: frozenset[str]) -> bool:
    """Write what is left of an index to `new`; return whether anything is missing."""
    import numpy as np

    with Columns(folder, contents.kinds, rows=contents.rows) as before, Columns(new, contents.kinds) as after:
        ids = [f"{high:016x}{low:016x}" for high, low in before.read("id").tolist()]
        staying = np.flatnonzero(np.array([known not in rows for known in ids], bool))
        for arrays, count in before.chunks(staying):
            after.append(arrays, count)
    paths = {name: after.path(name) for name in after.kinds}
    sha256 = {name: shards.sha256_of(path) for name, path in paths.items()}
    left = msgspec.structs.replace(contents, rows=after.rows, sha256=sha256)
    shards.write_file(new / "index.json", msgspec.json.format(msgspec.json.encode(left)) + b"\n")
    return after.rows < contents.rows


def index_parts(folder: Path, before: list[Part]) -> list[Part]:
    """Return what is left of the index's files, as the manifest has them."""
    path = folder / "index.json"
    if not path.exists():
        return before
    rows = msgspec.json.decode(path.read_bytes(), type=Contents).rows
    return [Part(one.name, rows, one.stat().st_size, shards.sha256_of(one)) for one in sorted(folder.iterdir())]
