"""Rows of an Arrow IPC file or stream as documents, a record batch in memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from magicoder_gen.sample.corpora import arrow_rows, parquet
from magicoder_gen.sample.corpora.table_files import TableFile, arrow_file
from magicoder_gen.sample.protocols import Document, Skipped

_SLICE_ROWS = 1000  # made documents at a time; a batch may be as large as its file
_FILE_MAGIC = b"ARROW1"  # a stream, as `datasets` caches it, has none


def documents(table: TableFile) -> Iterator[Document | Skipped]:
    """Yield the rows in order; of the columns only those needed are read.

    Raises what pyarrow does where the rest cannot be read.
    """
    found = column_names(table)
    if missing := parquet.check(found, table.columns):
        yield parquet.no_column(table.shown, missing, found=found, corpus=table.corpus, count=1)
        return
    included = sorted(found.index(name) for name in table.columns.names())
    with _batches(table, included) as (_, batches):
        is_first = True
        for batch in batches:
            _validate(batch)
            for first in range(0, batch.num_rows, _SLICE_ROWS):
                yield from arrow_rows.documents(
                    batch.slice(first, _SLICE_ROWS),
                    columns=table.columns,
                    corpus=table.corpus,
                    max_bytes=table.max_bytes,
                    is_first=is_first,
                )
                is_first = False


def column_names(table: TableFile) -> list[str]:
    """Return the columns that the schema names."""
    with _batches(table, None) as (schema, _):
        return list(schema.names)


def _validate(batch: Any) -> None:
    """Raise ArrowInvalid if offsets point outside of a batch, which arrow does not check; text may be no UTF-8."""
    import pyarrow

    as_bytes = {pyarrow.string(): pyarrow.binary(), pyarrow.large_string(): pyarrow.large_binary()}
    for column in batch.columns:
        column.view(as_bytes.get(column.type, column.type)).validate(full=True)


@contextmanager
def _batches(table: TableFile, included: list[int] | None) -> Iterator[tuple[Any, Iterator[Any]]]:
    """Open the file; give its schema and its batches, which hold the columns at the positions `included`."""
    import pyarrow
    import pyarrow.ipc

    options = pyarrow.ipc.IpcReadOptions(included_fields=included or [], use_threads=False)
    with arrow_file(table.path) as file:
        is_file = file.read(len(_FILE_MAGIC)) == _FILE_MAGIC
        file.seek(0)
        reader = (pyarrow.ipc.open_file if is_file else pyarrow.ipc.open_stream)(file, options=options)
        with reader:
            numbers = range(reader.num_record_batches) if is_file else ()
            yield reader.schema, (reader.get_batch(number) for number in numbers) if is_file else iter(reader)
