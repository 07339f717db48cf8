"""A dataset for a hub on loopback, how that may misbehave, and what a corpus makes of it."""

import hashlib
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from builders import documents_of
from hub_server import Answer, Behaviour

from magicoder_gen.errors import MagicoderError
from magicoder_gen.sample.corpora.hub import Hub
from magicoder_gen.sample.protocols import Document

TOKEN = "hf_aTokenThatNobodyMaySee"  # noqa: S105  # of no account


def noise(name: str, size: int = 2000) -> str:
    """Text that no codec makes smaller than half."""
    return hashlib.shake_256(name.encode()).hexdigest(size // 2)


def rows(name: str, count: int = 40) -> list[dict[str, Any]]:
    """Rows as bigcode/starcoderdata has them, `unused` as large as the content."""
    return [
        {
            "max_stars_repo_path": f"src/{name}_{n}.py",
            "max_stars_repo_name": "a/b",
            "unused": noise(f"u{name}{n}", 20_000),
            "content": f"# {name} {n}\n{noise(f'{name}{n}', 20_000)}\n",
            "licenses": ["MIT", "ISC"],
        }
        for n in range(count)
    ]


def write(folder: Path, name: str, table: list[dict[str, Any]], *, group: int = 10) -> Path:
    """Write a parquet file of row groups of `group` rows."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(table), path, row_group_size=group)
    return path


def texts(corpus: Hub) -> list[str]:
    """The first lines of all documents."""
    found = list(documents_of(corpus))
    assert all(isinstance(one, Document) for one in found)
    return [one.content.decode().split("\n")[0] for one in found if isinstance(one, Document)]


def everything() -> list[str]:
    """The first lines of the documents below python/."""
    return [f"# {name} {n}" for name in "ab" for n in range(40)]


def once(answer: Answer, part: str) -> Behaviour:
    """Give `answer` to the first request of each range whose path holds `part`."""
    return lambda path, number: answer if part in path and number == 1 else None


def always(answer: Answer, part: str) -> Behaviour:
    """Give `answer` whenever the path holds `part`."""
    return lambda path, _number: answer if part in path else None


def refusal(corpus: Hub) -> MagicoderError:
    """The error that asking for the fragments ends with: one line."""
    with pytest.raises(MagicoderError) as caught:
        corpus.fragments()
    assert "\n" not in str(caught.value)
    assert TOKEN not in str(caught.value)
    return caught.value
