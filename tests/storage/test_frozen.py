"""config.yaml of a run says what its files were made with."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from magicoder_gen.storage import frozen


def a_tree(number: int) -> dict[str, Any]:
    """A configuration in which every value is `number`."""
    return {"rng_seed": number, "sample": {"num": number}, "generate": {"teacher": number}, "clean": {"near": number}}


def test_each_section_is_as_its_stage_last_used_it(tmp_path: Path) -> None:
    """Seeds that are drawn again bring their options and rng_seed, but not another teacher's."""
    path = tmp_path / "run" / "config.yaml"
    frozen.update(path, a_tree(1), "sample")
    assert yaml.safe_load(path.read_text()) == a_tree(1)
    frozen.update(path, a_tree(2), "sample")
    assert yaml.safe_load(path.read_text()) == {**a_tree(1), "rng_seed": 2, "sample": {"num": 2}}
    frozen.update(path, a_tree(3), "clean")
    assert yaml.safe_load(path.read_text()) == {**a_tree(1), "rng_seed": 2, "sample": {"num": 2}, "clean": {"near": 3}}


def test_how_categories_are_told_is_what_the_export_used(tmp_path: Path) -> None:
    """So that a report, which reads it there, tells the same; and a judge is that of clean."""
    path = tmp_path / "config.yaml"
    frozen.update(path, a_tree(1) | {"judge": 1, "categories": 1}, "sample")
    frozen.update(path, a_tree(1) | {"judge": 2, "categories": 2}, "clean")
    assert yaml.safe_load(path.read_text()) == a_tree(1) | {"judge": 2, "categories": 1}
    frozen.update(path, a_tree(1) | {"judge": 3, "categories": 3}, "export")
    assert yaml.safe_load(path.read_text()) == a_tree(1) | {"judge": 2, "categories": 3}


def test_a_file_that_says_the_same_is_left_alone(tmp_path: Path) -> None:
    """Users edit it and comment what they did."""
    path = tmp_path / "config.yaml"
    frozen.update(path, a_tree(1), "sample")
    path.write_text(mine := path.read_text() + "# mine\n")
    frozen.update(path, a_tree(1), "generate")
    assert path.read_text() == mine


@pytest.mark.parametrize("damaged", [b"", b"[", b"- 1\n", b"\xff"])
def test_a_damaged_file_is_written_anew(tmp_path: Path, damaged: bytes) -> None:
    """Whole, whatever stage begins."""
    path = tmp_path / "config.yaml"
    path.write_bytes(damaged)
    frozen.update(path, a_tree(1), "clean")
    assert yaml.safe_load(path.read_text()) == a_tree(1)
