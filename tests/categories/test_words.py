"""Categories by typical words."""

from pathlib import Path

import pytest
from category_tasks import TASKS, task_run, told

from magicoder_gen.categories import words
from magicoder_gen.categories.names import NAMES, OTHERS
from magicoder_gen.categories.words import Words


def test_there_are_the_ten_of_the_paper() -> None:
    """Each has an example here, and words, each word once."""
    assert tuple(TASKS) == NAMES == tuple(words.WORDS)
    assert len(NAMES) == 10
    for line in words.WORDS.values():
        assert len(line.split()) == len(set(line.split()))


def test_plain_tasks_are_told(tmp_path: Path) -> None:
    """All ten, among each other."""
    assert told(Words(), task_run(tmp_path)) == list(TASKS)


def test_no_text_has_no_category(tmp_path: Path) -> None:
    """And an empty one is Domain Specific."""
    assert told(Words(), task_run(tmp_path / "none", [])) == []
    assert told(Words(), task_run(tmp_path / "empty", [""])) == [OTHERS]


def test_portions_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many samples are read at a time."""
    run = task_run(tmp_path)
    monkeypatch.setattr(words, "_PORTION", 3)
    assert told(Words(), run) == list(TASKS)
