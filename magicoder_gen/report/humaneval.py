"""How near samples are to HumanEval: the paper's figure 3, by TF-IDF."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from magicoder_gen.benchmarks import files, rows, sources
from magicoder_gen.categories import terms
from magicoder_gen.categories.terms import Counted, Space
from magicoder_gen.clean import inputs, portions
from magicoder_gen.clean.inputs import Input
from magicoder_gen.errors import ConfigError
from magicoder_gen.records import Record, Sample
from magicoder_gen.report import histograms, survey, texts, variety
from magicoder_gen.report.histograms import Histogram

if TYPE_CHECKING:
    import numpy as np

SHOWN = 20
"""Rows that are listed as the nearest."""
_PERCENT = 0.05


class Problems(Record, frozen=True):
    """The tasks of HumanEval: their names, and of each the prompt and the canonical solution."""

    names: list[str]
    texts: list[str]

    def by_name(self) -> dict[str, str]:
        """Return the texts of the tasks by their names."""
        return dict(zip(self.names, self.texts, strict=True))


class Similarity(Record, frozen=True):
    """The highest TF-IDF cosine, 0 to 1, of each row with any of `problems` tasks; which rows are nearest to one.

    `others` are the same cosines of other data sets, by file, from the same fit: only so may means be compared.
    """

    problems: int
    cosines: Histogram
    nearest: list["Near"]
    others: dict[str, Histogram]


class Nearest(Record, frozen=True, eq=False):
    """The highest cosine (float64) of each row, and with which task."""

    cosines: "np.ndarray"
    tasks: list[str]


class Near(Record, frozen=True):
    """The row that is nearest to any task, or the next such row; and the task."""

    id: str
    task: str
    cosine: float


def read(path: Path) -> Problems:
    """Return the tasks in a file or folder; ConfigError if there are none."""
    found = files.on_disk(path, sources.KNOWN["humaneval"].files)
    every = [row for name, file in found.paths.items() for row in rows.read(file, name)]
    if not every:
        raise ConfigError(f"{path}: there is no task in it; name HumanEval.jsonl or HumanEval.jsonl.gz")
    bodies = [f"{row.text('prompt')} {row.text('canonical_solution')}" for row in every]
    return Problems([row.text("task_id") for row in every], bodies)


def compared(space: Space, rows: Counted, problems: Counted) -> tuple["np.ndarray", "np.ndarray"]:
    """Return the highest cosine (float64) of each row with a problem, and that problem's number."""
    import numpy as np

    best, which = [np.zeros(0)], [np.zeros(0, np.int64)]
    for cosines in terms.cosines(space, rows, problems):
        best.append(variety.bounded(cosines.max(axis=1)))
        which.append(cosines.argmax(axis=1))
    return np.concatenate(best), np.concatenate(which)


def others(paths: Iterable[Path]) -> tuple[dict[str, Counted], list[str]]:
    """Return the terms of the rows of other data sets, by file name, and a note on each file that has unread rows.

    Columns are found as `clean.input` finds them. Raises ConfigError for a file of which no row can be read,
    CorruptData for a damaged one.
    """
    found: dict[str, Counted] = {}
    notes = []
    for path, name in named(list(paths)):
        unread: Counter[str] = Counter()
        found[name] = terms.joined(terms.count(bodies) for bodies in _texts(path, unread))
        read = len(found[name].sizes)
        total = read + unread.total()
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in unread.most_common())
        if not read:
            what = f"none of its {total:,} rows has a problem and a solution ({reasons})" if total else "it has no row"
            raise ConfigError(
                f"{path}: {what}; --compare wants JSON lines or parquet with columns problem and solution"
            )
        if unread:
            notes.append(
                f"{name}: {unread.total():,} of {total:,} rows could not be read and are not compared ({reasons})"
            )
    return found, notes


def named(paths: list[Path]) -> Iterator[tuple[Path, str]]:
    """Yield each file with a name of its own: that of the file, with a number where another one has it before."""
    names = [texts.name(path.name) for path in paths]
    given: set[str] = set()
    for path, plain in zip(paths, names, strict=True):
        numbered = (f"{plain} ({number})" for number in count(2))
        name = plain if plain not in given else next(one for one in numbered if one not in {*given, *names})
        given.add(name)
        yield path, name


def _texts(path: Path, unread: Counter[str]) -> Iterator[list[str]]:
    """Yield the texts of a file's rows, a portion at a time; count why others have none."""
    try:
        for portion in portions.of_rows(Input(paths=(path.absolute(),))):
            drafts = [inputs.draft(*row, portion.columns) for row in zip(portion.lines, portion.places, strict=True)]
            unread.update(draft.reason for draft in drafts if not isinstance(draft, Sample))
            yield [survey.text_of(draft) for draft in drafts if isinstance(draft, Sample)]
    except ConfigError as error:
        raise ConfigError(str(error).replace("clean.input.paths", "--compare")) from error


def similarity(
    space: Space, rows: Counted, problems: Problems, others: dict[str, Counted], *, ids: list[str]
) -> tuple[Similarity, Nearest]:
    """Return the distributions, and what is nearest to each row."""
    import numpy as np

    tasks = terms.count(problems.texts)
    best, which = compared(space, rows, tasks)
    order = np.lexsort((np.arange(len(best)), -best))[:SHOWN].tolist()
    nearest = [
        Near(texts.name(ids[row]), texts.name(problems.names[int(which[row])]), float(best[row])) for row in order
    ]
    beside = {name: histograms.of(compared(space, counted, tasks)[0], _PERCENT) for name, counted in others.items()}
    found = Similarity(len(problems.names), histograms.of(best, _PERCENT), nearest, beside)
    return found, Nearest(best, [problems.names[number] for number in which.tolist()])
