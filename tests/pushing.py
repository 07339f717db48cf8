"""Runs to push."""

from pathlib import Path
from typing import Any

from exporting import a_run, a_sample, exported

from magicoder_gen.export.options import ExportOptions
from magicoder_gen.storage.rundir import RunDir
from magicoder_gen.storage.shards import Layout


def a_pushable_run(folder: Path, rows: int = 40, *, shard_bytes: int | None = None, **options: Any) -> RunDir:
    """A run that exported so many rows, of a repository each."""
    layout = Layout(shard_bytes=shard_bytes) if shard_bytes else None
    samples = [a_sample(number, repo=f"owner/repo{number}") for number in range(rows)]
    directory = a_run(folder, samples, layout=layout)
    exported(directory, ExportOptions(**options))
    return directory
