"""What need not be looked at, and noticing that it must be after all."""

from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from sampling import a_run, sampled, seeds

from magicoder_gen.records import Result, Task
from magicoder_gen.sample import fragments, guess, scanned
from magicoder_gen.sample.corpora.tables import Tables
from magicoder_gen.sample.documents import Prefix
from magicoder_gen.sample.guess import Guess
from magicoder_gen.sample.options import SampleOptions
from magicoder_gen.sample.quality.min_code import MinCode
from magicoder_gen.sample.scan import ANY, BUCKETS


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """2 000 rows in 40 row groups; every fifth holds code, the others nothing, but the first fourth is all code."""
    rows = [
        {"content": f"import os, sys, x{number}\n" if number % 5 == 0 or number < 500 else f"# {number}\n"}
        for number in range(2000)
    ]
    path = tmp_path / "rows.parquet"
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path, row_group_size=50)
    return path


def options(table: Path, **changes: Any) -> SampleOptions:
    """A few seeds of many documents."""
    given = {"num": 60, "corpora": (Tables(paths=(table,), language="python"),), "quality": (MinCode(),), **changes}
    return SampleOptions(**given)


def guessed(chosen: SampleOptions) -> Guess | None:
    """What is guessed of the corpora."""
    return Guess.of(chosen.rules(1), list(fragments.chosen(chosen, 1)))


def test_a_few_times_what_is_wanted_is_looked_at(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In proportion to the documents of each group, where their number is known and large."""
    monkeypatch.setattr(guess, "WORTHWHILE", 2000)
    found = guessed(options(table))
    assert found is not None
    assert found.documents == {(ANY, -1): 2000}
    assert found.limits[ANY, -1] / BUCKETS == pytest.approx(guess.SLACK * 60 / 2000, abs=0.001)
    by_language = guessed(options(table, quotas={"python": 60, "rust": 5}))
    assert by_language is not None
    assert by_language.limits.keys() == {("python", -1)}
    assert guessed(options(table, num=1900)) is None
    assert guessed(options(table, documents=Prefix())) is None
    monkeypatch.setattr(guess, "WORTHWHILE", 2001)
    assert guessed(options(table)) is None


@pytest.mark.parametrize(("num", "slack", "said"), [(60, 4, 0), (60, 2, 1), (300, 2, 1)])
def test_right_or_wrong_the_seeds_are_the_same(table: Path, num: int, slack: int, said: int) -> None:
    """Where too few are fit, reading starts anew without the guess; seeds and counts are as if there were none."""
    messages: list[str] = []
    plain = sampled(options(table, num=num), a_run(table.parent / "plain"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fragments, "TASK_BYTES", 1500)
        patch.setattr(guess, "WORTHWHILE", 1000)
        patch.setattr(guess, "SLACK", slack)
        patch.setattr(scanned.logger, "info", messages.append)
        run = a_run(table.parent / "guessed")
        entry = sampled(options(table, num=num), run)
    assert (entry.counts, entry.parts) == (plain.counts, plain.parts)
    assert len(seeds(run)) == num
    assert len(messages) == said


def test_a_wrong_guess_is_not_made_again_by_the_next_command(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupted as soon as reading starts anew, it goes on without the guess."""
    messages: list[str] = []
    monkeypatch.setattr(fragments, "TASK_BYTES", 1500)
    monkeypatch.setattr(guess, "WORTHWHILE", 1000)
    monkeypatch.setattr(guess, "SLACK", 2)
    monkeypatch.setattr(scanned.logger, "info", lambda message, *_: messages.append(message))
    run, once = a_run(table.parent / "twice"), Interrupted(messages)
    with pytest.raises(KeyboardInterrupt):
        sampled(options(table, num=60), run, executor=once)
    sampled(options(table, num=60), run)
    assert sum("starts anew" in message for message in messages) == 1


class Interrupted:
    """Does the work in this process until something was said."""

    def __init__(self, messages: list[str]) -> None:
        self._messages = messages

    def map(self, function: Callable[[Task], Result], tasks: Iterable[Task]) -> Generator[Result, None, None]:
        """Yield function(task) for each task, in order."""
        for task in tasks:
            if self._messages:
                raise KeyboardInterrupt
            yield function(task)
