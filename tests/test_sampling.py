"""Sampling through the command line: signals, a hub that goes away, a run that must not lose what it has."""

import json
import signal
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from command import ANSWERS, lines, run, start, wait_for
from hub_server import serving


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)])
def test_a_signal_ends_the_reading(tmp_path: Path, number: signal.Signals, code: int) -> None:
    """With its own exit code and one line; the same command does the work."""
    line = json.dumps({"content": "import os, sys, re\n" * 50}) + "\n"
    (tmp_path / "rows.jsonl").write_text(line * 60_000)
    options = ["--set", "sample.corpora=[{type: tables, paths: [rows.jsonl], language: python}]", "--num", "1"]
    manifest = tmp_path / "r" / "manifest.json"
    with start("sample", "--run", "r", *options, cwd=tmp_path) as process:
        wait_for(manifest.exists)
        process.send_signal(number)
        _, talk = process.communicate(timeout=30)
    assert process.returncode == code
    assert talk == "ERROR interrupted; the same command goes on where this one stopped\n"
    said = run("status", "r", cwd=tmp_path).stdout
    assert "sample was interrupted after " in said
    assert "to go on: magicoder-gen sample --run r\n" in said
    assert run("sample", "--run", "r", cwd=tmp_path).returncode == 0


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A configuration with a hub corpus of 100 documents."""
    rows = [{"content": f"import os, sys\nvalue_{number} = os.environ\n"} for number in range(100)]
    folder = tmp_path / "dataset" / "python"
    folder.mkdir(parents=True)
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), folder / "train.parquet", row_group_size=20)
    teacher = {"type": "scripted", "replies": ANSWERS}
    sample = {"num": 5, "corpora": [{"type": "hub", "dataset": "owner/name", "language": "python"}]}
    (tmp_path / "c.yaml").write_text(json.dumps({"sample": sample, "generate": {"teacher": teacher}}))
    return tmp_path


def test_a_hub_that_is_gone_stops_neither_the_run_nor_its_growth_later(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seeds that were drawn stay: without the hub the run goes on, and a failed growth undoes nothing."""
    monkeypatch.setenv("HF_TOKEN_PATH", str(project / "none"))
    with serving(project / "dataset") as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        first = run("run", "c.yaml", cwd=project)
        assert first.returncode == 0, first.stderr
    seeds = lines(project / "runs/c/seeds")
    assert len(seeds) == 5
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    again = run("run", "c.yaml", cwd=project)
    assert (again.returncode, "taken as unchanged" in again.stderr) == (0, True)
    more = run("run", "c.yaml", "--num", "7", cwd=project)
    assert (more.returncode, "cannot reach" in more.stderr) == (69, True)
    assert run("run", "c.yaml", cwd=project).returncode == 0
    assert lines(project / "runs/c/seeds") == seeds
    with serving(project / "dataset") as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        assert run("run", "c.yaml", "--num", "7", cwd=project).returncode == 0
    assert lines(project / "runs/c/seeds")[:5] == seeds


def test_a_pinned_revision_is_the_one_that_was_read(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writing the commit into the configuration afterwards changes nothing, so the run may grow."""
    monkeypatch.setenv("HF_TOKEN_PATH", str(project / "none"))
    with serving(project / "dataset") as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        assert run("run", "c.yaml", cwd=project).returncode == 0
        (commit,) = server.revisions.values() if len(server.revisions) == 1 else {*server.revisions.values()}
        pinned = run("run", "c.yaml", "--set", f"sample.corpora[0].revision={commit}", "--num", "7", cwd=project)
    assert pinned.returncode == 0, pinned.stderr
    assert len(lines(project / "runs/c/seeds")) == 7


def test_seeds_that_were_not_asked_are_replaced_with_a_warning(tmp_path: Path) -> None:
    """Which keys changed, and how many seeds go."""
    (tmp_path / "a.py").write_text("import os, sys\n" * 5)
    options = ["--run", "r", "--set", "sample.corpora=[{type: local, path: .}]"]
    assert run("sample", *options, "--num", "2", cwd=tmp_path).returncode == 0
    done = run("sample", *options, "--num", "1", "--set", "rng_seed=5", cwd=tmp_path)
    assert done.returncode == 0
    assert "sample: num, rng_seed changed; the 1 seeds here are replaced" in done.stderr


def test_a_dry_run_writes_nothing_and_ends_as_sampling_would(tmp_path: Path) -> None:
    """Tables on stdout; exit code 0 where there are seeds to be had, 3 with the reason where there are none."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "a.py").write_text("")
    options = ["--dry-run", "--set", "sample.corpora=[{type: local, path: code}]"]
    empty = run("sample", *options, cwd=tmp_path)
    assert (empty.returncode, "empty 100.0%" in empty.stdout) == (3, True)
    assert empty.stderr.startswith("ERROR none of 1 documents in local ")
    (tmp_path / "code" / "b.py").write_text("import os, sys\n")
    some = run("sample", *options, cwd=tmp_path)
    assert (some.returncode, some.stderr) == (0, "")
    assert "about 1 of 12: too few" in some.stdout
    as_json = json.loads(run("sample", *options, "--json", cwd=tmp_path).stdout)
    assert as_json["languages"][0]["seeds"] == {"number": 1, "bound": "about"}
    assert [path.name for path in tmp_path.iterdir()] == ["code"]
