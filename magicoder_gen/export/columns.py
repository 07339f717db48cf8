"""The columns that every format may carry: where a row comes from, who answered, what was noticed.

A field that is unknown is null, never absent, so that every row of every part has the same columns. Labels are one
text, since which there are, and of what type, differs by row. Their column is not called `labels`: trainers take a
column of that name for the tokens to learn.
"""

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from magicoder_gen.records import UNKNOWN, Record, Sample

if TYPE_CHECKING:
    import pyarrow


class Column(Record, frozen=True):
    """What a column holds and its type; `turn` names the two fields of each turn where it is a list of turns."""

    meaning: str
    dtype: Literal["string", "int64"] = "string"
    turn: tuple[str, str] | None = None


METADATA = {
    "id": Column("digest of `prompt_id`, problem and solution"),
    "prompt_id": Column("of what was asked, or of the row made elsewhere; `magicoder-gen show RUN ID` finds it"),
    "language": Column("of the seed; the solution may be in another"),
    "repo": Column("repository the seed was taken from"),
    "path": Column("its file there"),
    "first_line": Column("of the snippet in that file, from 1", "int64"),
    "last_line": Column("the same, inclusive", "int64"),
    "license": Column("as the corpus states it"),
    "revision": Column("of the repository"),
    "swhid": Column("Software Heritage identifier of the file"),
    "corpus": Column("which collection of files it was, with its version"),
    "seed_index": Column("place among the seeds, or among the rows made elsewhere, from 0", "int64"),
    "model": Column("who answered"),
    "sample_labels": Column("what was noticed and kept: one JSON object as text, `{}` for nothing"),
}


def metadata(sample: Sample) -> dict[str, Any]:
    """Return the columns of METADATA, in their order."""
    seed, origin = sample.seed, sample.seed.origin
    is_placed = origin.path is not None or origin.swhid is not None  # else lines are those of no file
    return {
        "id": sample.id,
        "prompt_id": sample.prompt_id,
        "language": _known(seed.language),
        "repo": origin.repo,
        "path": origin.path,
        "first_line": seed.first_line if is_placed else None,
        "last_line": seed.last_line if is_placed else None,
        "license": origin.license,
        "revision": origin.revision,
        "swhid": origin.swhid,
        "corpus": origin.corpus,
        "seed_index": seed.index,
        "model": _known(sample.model),
        "sample_labels": msgspec.json.encode(sample.labels, order="deterministic").decode(),
    }


def _known(name: str) -> str | None:
    return None if name == UNKNOWN else name


def features(columns: dict[str, Column]) -> list[dict[str, Any]]:
    """Return the columns and their types as a data set card declares them."""
    return [{"name": name, **_feature(column)} for name, column in columns.items()]


def schema(columns: dict[str, Column]) -> "pyarrow.Schema":
    """Return the columns and their types as parquet has them."""
    import pyarrow

    types = {"string": pyarrow.string(), "int64": pyarrow.int64()}
    return pyarrow.schema(
        [
            (name, pyarrow.list_(pyarrow.struct([(field, types["string"]) for field in column.turn])))
            if column.turn
            else (name, types[column.dtype])
            for name, column in columns.items()
        ]
    )


def _feature(column: Column) -> dict[str, Any]:
    if column.turn:
        return {"list": [{"name": field, "dtype": "string"} for field in column.turn]}
    return {"dtype": column.dtype}
