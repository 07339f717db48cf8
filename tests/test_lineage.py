"""What `show` says of a run."""

from pathlib import Path

import msgspec
import pytest
from builders import a_seed

from magicoder_gen import lineage
from magicoder_gen.errors import TryLater
from magicoder_gen.records import Counts, Origin
from magicoder_gen.storage.rundir import PURGING, RunDir
from magicoder_gen.storage.shards import write_parts


def a_run(folder: Path, *paths: str) -> RunDir:
    """A run that holds seeds from files of these names, and nothing else."""
    run = RunDir(folder / "a run")
    seeds = [
        msgspec.structs.replace(a_seed(f"x = {n}\n", id=f"{n}abc", index=n), origin=Origin("test", path=path))
        for n, path in enumerate(paths)
    ]
    run.begin("sample", {})
    parts = write_parts(run.folder("seeds"), seeds, run.layout)
    counts = Counts(len(seeds), len(seeds), {})
    run.finish("sample", state="complete", counts=counts, parts={"seeds": parts}, seconds=1.0)
    return run


def test_a_run_with_only_seeds_shows_seeds(tmp_path: Path) -> None:
    """Origin, lines, language and text of the first ones, or of the one that is asked for."""
    run = a_run(tmp_path, "a.py", "b.py", "c.py")
    first = lineage.lines(lineage.look(run, None, 2))
    assert first[:3] == ["=== 0abc", "--- seed: test a.py, lines 1-1, python", "x = 0"]
    assert [line for line in first if line.startswith("===")] == ["=== 0abc", "=== 1abc"]
    assert [seed.id for seed in lineage.look(run, "2", 3).seeds] == ["2abc"]
    assert lineage.look(run, "ffff", 3) == lineage.Shown([], [])


def test_an_origin_takes_one_line(tmp_path: Path) -> None:
    """Tables hold what they like; letters of other scripts stay."""
    run = a_run(tmp_path, "a\nb\x1b[2J\u2028ü.py")
    lines = lineage.lines(lineage.look(run, None, 1))
    assert lines[1] == "--- seed: test a\\nb\\x1b[2J\\u2028ü.py, lines 1-1, python"


def test_half_a_purge_is_not_shown(tmp_path: Path) -> None:
    """What is missing then is no damage that a copy would mend."""
    write_parts(tmp_path / "seeds", [a_seed("x = 1")], RunDir(tmp_path).layout)
    (tmp_path / PURGING).write_text("{}")
    with pytest.raises(TryLater, match=r"a purge was interrupted; to finish it: magicoder-gen purge .* --opt-out FILE"):
        lineage.look(RunDir(tmp_path), None, 3)
