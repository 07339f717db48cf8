"""Data sets that are compared with HumanEval."""

from pathlib import Path

import pytest

from magicoder_gen.report import humaneval


@pytest.mark.parametrize(
    ("files", "names"),
    [
        (["a/x.jsonl", "b/x.jsonl", "x.jsonl"], ["x.jsonl", "x.jsonl (2)", "x.jsonl (3)"]),
        (["a/x.jsonl", "b/x.jsonl", "x.jsonl (2)"], ["x.jsonl", "x.jsonl (3)", "x.jsonl (2)"]),
        (["x.jsonl (2)", "x.jsonl", "b/x.jsonl"], ["x.jsonl (2)", "x.jsonl", "x.jsonl (3)"]),
    ],
)
def test_each_file_has_a_name_of_its_own(files: list[str], names: list[str]) -> None:
    """Also where one is called as another would be: no data set takes the place of another."""
    assert [name for _, name in humaneval.named([Path(file) for file in files])] == names
