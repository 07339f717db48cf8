"""Small tables on disk for tests, and what a corpus makes of them."""

import csv
import gzip
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.ipc
import pyarrow.parquet
from builders import documents_of

from magicoder_gen.sample.corpora.tables import Tables
from magicoder_gen.sample.protocols import Document, Skipped

Rows = list[dict[str, Any]]
ROWS: Rows = [{"content": f"x = {number}\n", "lang": "Python", "repo": "a/b", "n": number} for number in range(5)]


def lines(rows: Rows) -> bytes:
    """Rows as JSON lines."""
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def comma_separated(rows: Rows) -> bytes:
    """Rows as CSV with a header."""
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode()


def zstd(content: bytes) -> bytes:
    """Compress as `zstd` does."""
    return bytes(pyarrow.Codec("zstd").compress(content, asbytes=True))


def written(path: Path, content: bytes) -> Path:
    """Write a file; return its path."""
    path.write_bytes(content)
    return path


def a_table(folder: Path, suffix: str, rows: Rows = ROWS, *, row_group_size: int = 2) -> Path:
    """Write rows in the format that `suffix` names."""
    path = folder / f"rows{suffix}"
    if suffix == ".parquet":
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path, row_group_size=row_group_size)
    elif suffix in {".arrow", ".feather", ".ipc"}:
        table = pyarrow.Table.from_pylist(rows)
        new = pyarrow.ipc.new_stream if suffix == ".ipc" else pyarrow.ipc.new_file
        with new(path, table.schema) as writer:
            writer.write_table(table, max_chunksize=row_group_size)
    else:
        content = (comma_separated if suffix.startswith(".csv") else lines)(rows)
        written(
            path,
            gzip.compress(content) if path.suffix == ".gz" else zstd(content) if path.suffix == ".zst" else content,
        )
    return path


def a_corpus(*paths: Path, **options: Any) -> Tables:
    """Tables of Python code in column content, unless `options` say otherwise."""
    return Tables(paths=paths, **{"language": "python", **options})


def texts(corpus: Tables) -> list[str]:
    """The documents' texts, in order."""
    return [row.content.decode() for row in documents_of(corpus) if isinstance(row, Document)]


def reasons(corpus: Tables) -> dict[str, int]:
    """How many rows each reason took."""
    found: Counter[str] = Counter()
    for row in documents_of(corpus):
        if isinstance(row, Skipped):
            found[row.reason] += row.count
    return dict(found)


def details(corpus: Tables) -> list[str]:
    """What the log would say."""
    return [row.detail for row in documents_of(corpus) if isinstance(row, Skipped) and row.detail]
