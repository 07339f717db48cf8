"""A run over a dataset on the hub that is ended half-way goes on where it was."""

import json
from pathlib import Path

import pyarrow.parquet
import pytest
from command import run, start, wait_for
from hub_builders import noise, write
from hub_server import HANG, serving

from magicoder_gen.sample.corpora import hub_files


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A file of four row groups, each a task of its own."""
    lines = [f"# {n}\n" + "".join(f"x{m} = '{noise(f'{n} {m}', 9000)}'\n" for m in range(120)) for n in range(36)]
    folder = tmp_path / "dataset"
    write(folder, "python/train.parquet", [{"content": text} for text in lines], group=9)
    return folder


def test_finished_row_groups_are_not_asked_for_again(large: Path, tmp_path: Path) -> None:
    """Ended while it waits for the third row group, the same command asks for that and the fourth."""
    metadata = pyarrow.parquet.read_metadata(large / "python/train.parquet")
    spans = [hub_files.column_spans(metadata, number, ["content"])[0] for number in range(4)]
    ranges = [f"bytes={first}-{stop - 1}" for first, stop in spans]
    is_busy = [True]
    corpus = {"type": "hub", "dataset": "owner/name", "data_dir": "python", "language": "python"}
    config = {"sample": {"num": 20, "corpora": [corpus], "quality": "none"}, "executor": {"type": "serial"}}
    (tmp_path / "c.yaml").write_text(json.dumps(config))
    with serving(large, lambda path, _n: HANG if is_busy and ranges[2] in path else None) as server:
        environment = {"HF_ENDPOINT": server.url, "HF_TOKEN_PATH": str(tmp_path / "no token")}
        with start("sample", "c.yaml", cwd=tmp_path, **environment) as process:
            wait_for(lambda: any(ranges[2] in key for key in server.asked))
            process.terminate()
            assert process.wait(20) == 143
            process.communicate()
        is_busy.clear()
        before = server.asked.copy()
        done = run("sample", "c.yaml", cwd=tmp_path, **environment)
        assert done.returncode == 0, done.stderr
        asked = [key for key in server.asked - before if "/blobs/" in key]
    assert [any(part in key for key in asked) for part in ranges] == [False, False, True, True]
