"""The files below data/: tables by split, under temporary names until all rows are written."""

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from magicoder_gen.errors import CannotCreate, creating, writing
from magicoder_gen.export import formats
from magicoder_gen.export.formats import Kind, Table
from magicoder_gen.export.parquet import ParquetWriter
from magicoder_gen.records import Record, Sample
from magicoder_gen.storage import shards
from magicoder_gen.storage.shards import Layout, Part, ShardWriter

CARD, LLAMA_FACTORY, AXOLOTL = TEXTS = ("README.md", "dataset_info.json", "axolotl.yaml")

_DRAFT = ".export"
_PUBLISHED = re.compile(r"[a-z][a-z0-9_]*-\d{5,}-of-\d{5,}\.(jsonl|parquet)")


class Published(Record, frozen=True):
    """The files of one split of a table, in order."""

    table: Table
    split: str
    kind: Kind
    parts: list[Part]

    def rows(self) -> int:
        """Return how many rows they hold."""
        return sum(part.records for part in self.parts)

    def bytes(self) -> int:
        """Return how large they are."""
        return sum(part.bytes for part in self.parts)

    def pattern(self) -> str:
        """Return what matches their paths below data/, and no other's."""
        count = len(self.parts)
        return f"{self.table.folder}/{name_of(self.split, '?' * _digits(count), count, self.kind)}"


def name_of(split: str, number: int | str, count: int, kind: Kind) -> str:
    """Return the name of a part, `number` of `count` from 0; names sort as numbers do."""
    digits = _digits(count)
    return f"{split}-{str(number).zfill(digits)}-of-{str(count).zfill(digits)}.{kind}"


def _digits(count: int) -> int:
    return max(5, len(str(count)))


def loadable(published: Sequence[Published]) -> list[Published]:
    """Return what `datasets` loads by name: files of one kind, since it loads no folder that holds both."""
    kind = "parquet" if any(files.kind == "parquet" for files in published) else "jsonl"
    return [files for files in published if files.kind == kind]


class Writers:
    """Takes samples, each for one split, and writes them to every table."""

    def __init__(self, writers: dict[tuple[str, str], ShardWriter | ParquetWriter], tables: Sequence[Table]) -> None:
        self._writers = writers
        self._tables = tables

    def write(self, sample: Sample, split: str) -> None:
        """Append the sample's row to every table."""
        for table in self._tables:
            self._writers[table.folder, split].write(table.row(sample))


@contextmanager
def drafted(
    data: Path, tables: Sequence[Table], *, splits: Sequence[str], kind: Kind, shard_bytes: int
) -> Iterator[tuple[Writers, list[Published]]]:
    """Give writers, and a list that holds what they wrote once the block has ended without an error.

    Until then, the files of an earlier export are as they were; what a killed one left is removed in the end. Raises
    CannotCreate where something else stands in the way.
    """
    draft = data / _DRAFT
    _require_room(data, {table.folder for table in tables})
    written: list[Published] = []
    layout = Layout(shard_bytes=shard_bytes)
    with ExitStack() as stack:
        stack.callback(_remove, draft)
        with ExitStack() as files:
            writers = {
                (table.folder, split): _writer(draft / table.folder / split, table, kind=kind, layout=layout)
                for table in tables
                for split in splits
            }
            for writer in writers.values():
                files.enter_context(writer)
            yield Writers(writers, tables), written
        _remove_rows(data)
        for table in tables:
            for split in splits:
                parts = writers[table.folder, split].parts
                if parts:
                    written.append(_published(data, Published(table, split, table.kind or kind, parts)))


def is_ours(path: str) -> bool:
    """Whether an export may have written rows to this path below data/."""
    folder, _, name = path.rpartition("/")
    return folder in formats.folders() and _PUBLISHED.fullmatch(name) is not None


def _require_room(data: Path, wanted: set[str]) -> None:
    """Refuse links and what is of another kind, before anything is written: where a link leads is nobody's to empty."""
    for name in sorted({_DRAFT, *formats.folders()}):
        path = data / name
        if path.is_symlink():
            raise CannotCreate(f"{path}: a symbolic link, through which nothing is written or removed; remove the link")
        if name in wanted | {_DRAFT} and path.exists() and not path.is_dir():
            raise CannotCreate(f"{path}: a file, where export makes a folder; move it away")
    for name in TEXTS:
        if (data / name).is_dir() and not (data / name).is_symlink():
            raise CannotCreate(f"{data / name}: a folder, where export writes a file; move it away")


def _writer(folder: Path, table: Table, *, kind: Kind, layout: Layout) -> ShardWriter | ParquetWriter:
    if (table.kind or kind) == "parquet":
        return ParquetWriter(folder, layout, columns=table.columns)
    return ShardWriter(folder, layout)


def _published(data: Path, draft: Published) -> Published:
    """Give parts their final names; how many there are shows only now."""
    folder = data / draft.table.folder
    with creating(folder):
        folder.mkdir(parents=True, exist_ok=True)
    parts = []
    for number, part in enumerate(draft.parts):
        name = name_of(draft.split, number, len(draft.parts), draft.kind)
        with writing(folder / name):
            shards.rename_durably(data / _DRAFT / draft.table.folder / draft.split / part.name, folder / name)
        parts.append(msgspec.structs.replace(part, name=name))
    return msgspec.structs.replace(draft, parts=parts)


def _remove_rows(data: Path) -> None:
    """Remove what an earlier export wrote, and folders that hold nothing else."""
    for name in sorted(formats.folders()):
        folder = data / name
        with creating(folder):
            found = list(folder.iterdir()) if folder.is_dir() else []
            ours = [path for path in found if _PUBLISHED.fullmatch(path.name)]
            for stale in ours:
                stale.unlink()
            if folder.is_dir() and len(ours) == len(found):
                folder.rmdir()


def _remove(draft: Path) -> None:
    with creating(draft):
        if draft.exists():
            shutil.rmtree(draft)
