"""Write rows as numbered parquet parts, cut where JSON lines of them would be cut."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from magicoder_gen.errors import creating, writing
from magicoder_gen.export.columns import Column, schema
from magicoder_gen.storage import shards
from magicoder_gen.storage.shards import Layout, Part, PartWriter

_GROUP_BYTES = 16 << 20
_GROUP_ROWS = 10_000


class ParquetWriter(PartWriter):
    """Writes rows as `folder`/part-00000.parquet, part-00001.parquet and so on.

    A part holds at most `layout.shard_bytes` of what its rows are as JSON, a row group some thousand rows, which is
    all that is held in memory. Pages are indexed and compressed with zstd.
    """

    def __init__(self, folder: Path, layout: Layout, *, columns: dict[str, Column]) -> None:
        types = schema(columns)
        super().__init__(
            folder, layout.shard_bytes, lambda number: _OpenPart(folder / f"part-{number:05d}.parquet", types)
        )
        self._encoder = msgspec.json.Encoder()

    def write(self, row: dict[str, Any]) -> None:
        """Append one row."""
        self.append(row, len(self._encoder.encode(row)) + 1)


class _OpenPart:
    """A part under its temporary name. `size` is in bytes of JSON."""

    def __init__(self, path: Path, schema: Any) -> None:
        import pyarrow.parquet

        self.size = 0
        self._path = path
        self._schema = schema
        self._records = 0
        self._rows: list[dict[str, Any]] = []
        self._held = 0
        self._temporary = path.with_name(path.name + ".tmp")
        with creating(path):
            self._raw = self._temporary.open("wb")
            self._sink = pyarrow.parquet.ParquetWriter(
                self._raw, schema, compression="zstd", write_page_index=True, store_schema=False
            )

    def append(self, record: dict[str, Any], size: int) -> None:
        if self._rows and (self._held + size > _GROUP_BYTES or len(self._rows) == _GROUP_ROWS):
            self._write_group()
        self._rows.append(record)
        self._held += size
        self.size += size

    def publish(self) -> Part:
        self._write_group()
        with writing(self._path):
            self._sink.close()
            self._raw.flush()
            os.fsync(self._raw.fileno())
            self._raw.close()
            shards.rename_durably(self._temporary, self._path)
            size = self._path.stat().st_size
        return Part(self._path.name, self._records, size, shards.sha256_of(self._path))

    def discard(self) -> None:
        with suppress(OSError):  # what could not be written is not wanted any more
            self._sink.close()
        with suppress(OSError):
            self._raw.close()
        self._temporary.unlink(missing_ok=True)

    def _write_group(self) -> None:
        import pyarrow

        table = pyarrow.Table.from_pylist(self._rows, schema=self._schema)
        with writing(self._path):
            self._sink.write_table(table, row_group_size=len(self._rows))
        self._records += len(self._rows)
        self._rows, self._held = [], 0
