"""Exports that ask for categories."""

from collections import Counter
from pathlib import Path

import embedding_server
import pytest
from category_tasks import TASKS, task_run, tasks
from exporting import FACTS, Silent, exported, files, rows

from magicoder_gen import config, pipeline
from magicoder_gen.categories.names import NAMES
from magicoder_gen.categories.sentences import Sentences
from magicoder_gen.categories.words import Words
from magicoder_gen.embeddings.endpoint import Endpoint
from magicoder_gen.errors import ConfigError
from magicoder_gen.export import stage
from magicoder_gen.export.options import ExportOptions
from magicoder_gen.export.select import Select
from magicoder_gen.records import Counts

BALANCED = ExportOptions(select=Select(rows=10, balance="category"))


def categories_of(directory: object) -> set[str]:
    """The categories of the exported rows, whose problems begin with a task of them."""
    problems = [row["problem"] for row in rows(directory, "problem_solution")]  # type: ignore[arg-type]
    return {name for name, task in TASKS.items() for problem in problems if problem.startswith(task)}


def test_where_asks_for_categories(tmp_path: Path) -> None:
    """What is left out is counted; the card says how categories were told, and how many there are of each."""
    directory = task_run(tmp_path)
    entry = exported(directory, ExportOptions(where='category in ["Web", "Database and SQL"]'))
    assert entry.counts == Counts(10, 2, {"where": 8})
    assert categories_of(directory) == {"Web", "Database and SQL"}
    card = files(directory)["README.md"].decode()
    assert "## Categories\n\nTold by a program, by `TF-IDF cosine with typical words`" in card
    assert "| `Web` | 1 |" in card
    assert "category" not in rows(directory, "problem_solution")[0]


def test_balanced_by_category(tmp_path: Path) -> None:
    """One of each before a second of any."""
    problems = [task + " Please." * n for task in TASKS.values() for n in range(1 if "SQL" in task else 4)]
    directory = task_run(tmp_path, problems)
    exported(directory, BALANCED)
    assert categories_of(directory) == set(TASKS)
    assert len(rows(directory, "problem_solution")) == 10


def test_nothing_is_embedded_that_nobody_asked_for(tmp_path: Path) -> None:
    """And what is asked for, once; the same export again has the same bytes."""
    directory = task_run(tmp_path)
    with embedding_server.serving() as server:
        by_meaning = Sentences(embeddings=Endpoint(model="m", base_url=server.url, api_key_env=None))
        stage.run(ExportOptions(), directory, progress=Silent(), facts=FACTS, categories=by_meaning)
        assert not server.requests
        assert b"## Categories" not in files(directory)["README.md"]
        stage.run(BALANCED, directory, progress=Silent(), facts=FACTS, categories=by_meaning)
        first = files(directory)
        assert "`sentence embeddings by m, cosine" in first["README.md"].decode()
        stage.run(BALANCED, directory, progress=Silent(), facts=FACTS, categories=by_meaning)
        assert files(directory) == first
        assert set(server.texts.values()) == {1}


def test_how_categories_are_told_is_part_of_an_export_that_asks(tmp_path: Path) -> None:
    """Another method is another export then, and only then."""
    directory = task_run(tmp_path)
    words, meaning = Words(), Sentences(embeddings=Endpoint())
    assert BALANCED.inputs(directory, words) != BALANCED.inputs(directory, meaning)
    assert ExportOptions().inputs(directory, words) == ExportOptions().inputs(directory, meaning)


def test_what_is_missing_is_told_before_anything_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where somebody asks for categories; an export that does not can do without."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    asking = config.Config(categories=Sentences(), export=BALANCED)
    with pytest.raises(ConfigError, match="pip install"):
        pipeline.check(["export"], asking, task_run(tmp_path))
    pipeline.check(["export"], config.Config(categories=Sentences()), task_run(tmp_path))


def test_diversity_goes_with_categories(tmp_path: Path) -> None:
    """Each category gives its most different ones, whatever the order of the samples."""
    problems = [f"{task} Use {n} of {'abc' * (n + 1)}." for task in TASKS.values() for n in range(3)]
    options = ExportOptions(select=Select(rows=20, balance="category", by="diversity"))
    chosen = []
    for name, some in (("a", problems), ("b", problems[::-1])):
        directory = task_run(tmp_path / name, some)
        exported(directory, options)
        found = rows(directory, "problem_solution")
        chosen.append({row["problem"] for row in found})
        kinds = Words().told(directory, Silent())
        told = {sample.problem: NAMES[kind] for sample, kind in zip(tasks(some), kinds, strict=True)}
        assert set(Counter(told[row["problem"]] for row in found).values()) == {2}
    assert chosen[0] == chosen[1]
