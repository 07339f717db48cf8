"""Documents that are rows of parquet, JSON-lines, CSV or Arrow files."""

import glob
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec

from magicoder_gen.fingerprint import digest
from magicoder_gen.records import Positive, Record, Weight
from magicoder_gen.sample.corpora import faults, parquet, parquet_files, rows, table_files
from magicoder_gen.sample.corpora.columns import Columns
from magicoder_gen.sample.corpora.faults import WrongOption
from magicoder_gen.sample.corpora.files import MAX_BYTES
from magicoder_gen.sample.corpora.table_files import TableFile
from magicoder_gen.sample.protocols import Document, Skipped


class Tables(Columns, frozen=True, kw_only=True):
    """One document per row of the files `paths`, which may hold globs (`**` for any number of folders).

    Formats, by extension: .parquet; .jsonl or .json, one object per line, or one array of at most 64 MiB; .csv with a
    header line; .arrow, .feather or .ipc. JSON and CSV also with .gz or .zst. `text` names the column of source code.
    All rows are in `language`, or each in what its `language_column` says, or in what the extension in its `path`
    tells. `repo`, `path`, `license`, `revision_column` and `swhid` name the columns that say where a row comes from;
    null = not said. `weight` is the corpus's share of the seeds relative to the others, null = as many as it happens
    to give. A text, or a JSON line, of more than `max_bytes` of UTF-8 is skipped.
    """

    paths: Annotated[tuple[Path, ...], msgspec.Meta(min_length=1)]
    weight: Weight | None = None
    max_bytes: Positive = MAX_BYTES

    def fragments(self) -> list["Part"]:
        """Return the row groups of parquet files and the other files whole, in the order of `paths`, each glob sorted.

        Of parquet files the footers are read. Raises WrongOption if there is no file or none has the columns.
        """
        tables = self._tables()
        self._check_columns(tables)
        return [part for table in tables for part in _parts(table)]

    def identity(self) -> str:
        """Return a digest of the files' names, sizes and times; raise WrongOption if there is none."""
        stats = [(table.name, table.path.stat()) for table in self._tables()]
        return digest([(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats])

    def title(self) -> str:
        """Return what a message calls this corpus."""
        return f"tables {' '.join(map(str, self.paths))} ({self.language or self.language_column or self.path})"

    def _tables(self) -> list[TableFile]:
        found: dict[str, Path] = {}
        for pattern in self.paths:
            for file in _matching(pattern.expanduser()):
                found.setdefault(os.path.realpath(file), Path(os.path.abspath(file)))  # noqa: PTH100  # a link keeps its name
        paths = list(found.values())
        columns = self.columns()
        named = zip(paths, table_files.names(paths), strict=True)
        return [TableFile(path, name, columns, self.max_bytes) for path, name in named]

    def _check_columns(self, tables: list[TableFile]) -> None:
        """Raise WrongOption if every file lacks a column; looks into files until one has all."""
        lacking = None
        for table in tables:
            found = rows.column_names(table)
            missing = parquet.check(found, table.columns) if found is not None else None
            if found is not None and missing is None:
                return
            lacking = lacking or (missing and (table, missing, found))
        if lacking:
            table, missing, found = lacking
            problem = parquet.lacks(table.shown, missing, found=found or ())
            raise WrongOption(table.columns.key_of(missing), f"{problem}; name the right one")


class Part(Record, frozen=True):
    """A row group of a parquet file, or with `row_group` None a whole file; see protocols.Fragment."""

    id: str
    bytes: int
    documents: int | None
    languages: dict[str, int] | None
    table: TableFile
    row_group: int | None = None

    def read(self) -> Iterator[Document | Skipped]:
        """Yield the rows in order, no more than a batch in memory; damage is a Skipped."""
        if self.row_group is None:
            return rows.documents(self.table)
        return parquet_files.row_group_documents(self.table, self.row_group, rows=self.documents or 0)


def _parts(table: TableFile) -> list[Part]:
    """Return a part per row group; the file whole if it is of another format, damaged, or lacks a column."""
    size = table.path.stat().st_size
    if not table.path.name.endswith(rows.PARQUET) or parquet.check(rows.column_names(table) or (), table.columns):
        return [Part(table.name, size, None, None, table)]
    language = table.columns.language
    return [
        Part(
            f"{table.name}:{group.number}",
            group.bytes,
            group.rows,
            {language: group.rows} if language else None,
            table,
            group.number,
        )
        for group in parquet_files.row_groups(table)
    ]


def _matching(pattern: Path) -> list[Path]:
    """Return the files that `pattern` names, sorted; raise WrongOption if none, or one of another kind."""
    found = [pattern] if pattern.exists() else sorted(map(Path, glob.glob(str(pattern), recursive=True)))  # noqa: PTH207  # pathlib has no glob for absolute patterns
    if not found:
        raise WrongOption("paths", f"no file matches {faults.shown(pattern)}; correct it")
    for file in found:
        if not file.is_file() or not file.name.endswith(rows.SUFFIXES):
            known = ", ".join(rows.SUFFIXES)
            raise WrongOption("paths", f"{faults.shown(file)} is no table; name files that end in {known}")
    return found
