"""What can be asked of a sample by name: its fields, its labels, its category."""

import difflib
from collections.abc import Callable
from typing import Literal

from magicoder_gen.records import Record, Sample

Value = str | float | bool | None
CATEGORY = "category"
_LABELS = "labels."


class Row(Record, frozen=True):
    """A sample, and its category where somebody asked for it."""

    sample: Sample
    category: str | None = None


class Field(Record, frozen=True):
    """A name, the kind of what it holds where it is not null, and how to read it."""

    name: str
    kind: Literal["text", "number", "any"]
    of: Callable[[Row], Value]


def named(name: str) -> Field:
    """Return the field of that name; raise ValueError with the nearest one. Any label may be named."""
    if name.startswith(_LABELS) and name != _LABELS:
        return label(name.removeprefix(_LABELS))
    if name in _FIELDS:
        return _FIELDS[name]
    close = difflib.get_close_matches(name, _FIELDS, n=1)
    known = f"did you mean {close[0]}?" if close else f"known are {', '.join(_FIELDS)} and labels.NAME"
    raise ValueError(f"no field {name}; {known}")


def label(name: str) -> Field:
    """Return a label as a field; null where a sample has none of that name."""
    return Field(f"{_LABELS}{name}", "any", lambda row: row.sample.labels.get(name))


def _texts(**fields: Callable[[Sample], Value]) -> list[Field]:
    return [Field(name, "text", _of_sample(of)) for name, of in fields.items()]


def _numbers(**fields: Callable[[Sample], Value]) -> list[Field]:
    return [Field(name, "number", _of_sample(of)) for name, of in fields.items()]


def _of_sample(of: Callable[[Sample], Value]) -> Callable[[Row], Value]:
    return lambda row: of(row.sample)


_FIELDS = {
    field.name: field
    for field in [
        *_texts(
            id=lambda sample: sample.id,
            prompt_id=lambda sample: sample.prompt_id,
            language=lambda sample: sample.seed.language,
            model=lambda sample: sample.model,
            license=lambda sample: sample.seed.origin.license,
            corpus=lambda sample: sample.seed.origin.corpus,
            repo=lambda sample: sample.seed.origin.repo,
            path=lambda sample: sample.seed.origin.path,
            revision=lambda sample: sample.seed.origin.revision,
            swhid=lambda sample: sample.seed.origin.swhid,
        ),
        Field(CATEGORY, "text", lambda row: row.category),
        *_numbers(
            seed_index=lambda sample: sample.seed.index,
            first_line=lambda sample: sample.seed.first_line,
            last_line=lambda sample: sample.seed.last_line,
            seed_characters=lambda sample: len(sample.seed.text),
            problem_characters=lambda sample: len(sample.problem),
            solution_characters=lambda sample: len(sample.solution),
        ),
    ]
}
