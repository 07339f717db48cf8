"""The command as a user runs it: killed and run again, what it prints, and what others load."""

import hashlib
import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import command
import pytest
from exporting import files
from hub_upload_server import HANG, TOKEN, UploadServer, serving
from pushing import a_pushable_run

from magicoder_gen.storage import pushes

LOAD = """
import sys, datasets
datasets.disable_progress_bars()
for name in sys.argv[2:]:
    data = datasets.load_dataset(sys.argv[1], name)
    print(name, {split: len(rows) for split, rows in data.items()}, sorted(data["train"].column_names)[:2])
"""


@pytest.fixture
def surroundings(tmp_path: Path) -> Callable[[UploadServer], dict[str, str]]:
    """The environment of a user of a hub that knows plain LFS only; nothing of this machine's own."""

    def of(server: UploadServer) -> dict[str, str]:
        home = str(tmp_path / "home")
        return {"HF_ENDPOINT": server.url, "HF_TOKEN": TOKEN, "HF_HUB_DISABLE_XET": "1", "HF_HOME": home}

    return of


Surroundings = Callable[[UploadServer], dict[str, str]]


def test_killed_in_the_middle_it_goes_on(tmp_path: Path, surroundings: Surroundings) -> None:
    """After kill -9 in the second large file, the first is not sent again; nothing is to be seen until all is there."""
    run = a_pushable_run(tmp_path / "run")
    sizes = {path: len(content) for path, content in files(run).items()}
    large = ["README.md", "messages/train-00000-of-00001.jsonl", "problem_solution/train-00000-of-00001.jsonl"]
    with serving(lambda key, _number: None) as server:
        served = iter(range(100))
        server._behaviour = lambda key, _n: HANG if key.startswith("PUT") and next(served) == 1 else None
        with command.start("push", "run", "owner/pairs", "--send", cwd=tmp_path, **surroundings(server)) as process:
            assert server.hanging.wait(30)
            process.send_signal(signal.SIGKILL)
        assert process.returncode == -signal.SIGKILL
        assert server.received == sizes[large[0]]
        assert list(server.repositories["owner/pairs"].files()) == [".gitattributes"]
        again = command.run("push", "run", "owner/pairs", "--send", cwd=tmp_path, **surroundings(server))
        assert again.returncode == 0, again.stderr
        assert server.received == sum(sizes[path] for path in large)
        assert server.repositories["owner/pairs"].files().items() >= files(run).items()


def test_killed_before_the_answer_it_knows_where_rows_may_be(tmp_path: Path, surroundings: Surroundings) -> None:
    """After kill -9 behind the commit, which nobody was told of."""
    run = a_pushable_run(tmp_path / "run")
    with serving() as server:
        server._behaviour = lambda key, _n: HANG if "/commit/" in key else None
        with command.start("push", "run", "owner/pairs", "--send", cwd=tmp_path, **surroundings(server)) as process:
            assert server.hanging.wait(30)
            process.send_signal(signal.SIGKILL)
        (line,) = pushes.read(run.root)
        assert (line.hub, line.repository, line.revision, line.commit) == (server.url, "owner/pairs", "main", None)


@pytest.mark.parametrize("url", ["http://[::1", "http://127.0.0.1:99999", "http://localhost:80a", "hub.invalid"])
def test_a_wrong_endpoint_is_told_in_one_line(tmp_path: Path, url: str) -> None:
    """The library fails on some of them where it is imported."""
    a_pushable_run(tmp_path / "run")
    done = command.run("push", "run", "owner/pairs", cwd=tmp_path, HF_ENDPOINT=url, HF_TOKEN=TOKEN)
    assert done.returncode == 78
    assert done.stderr.startswith("ERROR HF_ENDPOINT is no plain http address")
    assert done.stderr.count("\n") == 1


def test_large_files_go_through_xet_where_it_is_installed(tmp_path: Path, surroundings: Surroundings) -> None:
    """As on the real hub; the storage is a folder here. The commit names them by their SHA-256."""
    pytest.importorskip("hf_xet", reason="hf_xet is not installed")
    run = a_pushable_run(tmp_path / "run")
    store = tmp_path / "store"
    with serving() as server:
        server.xet = store
        server.by_xet = {hashlib.sha256(content).hexdigest(): content for content in files(run).values()}
        seen = surroundings(server) | {"HF_HUB_DISABLE_XET": ""}
        done = command.run("push", "run", "owner/pairs", "--send", cwd=tmp_path, **seen)
        assert (done.returncode, done.stderr) == (0, "")
        assert server.received == 0
        assert server.repositories["owner/pairs"].files().items() >= files(run).items()
        stored = [path for path in (store / "xet" / "xorbs" / "xorbs").iterdir() if path.suffix != ".tagset"]
        assert len(stored) == len(server.objects) == 3


def test_a_hub_that_does_not_know_xet_is_told_with_the_remedy(tmp_path: Path, surroundings: Surroundings) -> None:
    """The library takes it for granted."""
    pytest.importorskip("hf_xet", reason="hf_xet is not installed")
    a_pushable_run(tmp_path / "run")
    with serving() as server:
        seen = surroundings(server) | {"HF_HUB_DISABLE_XET": ""}
        done = command.run("push", "run", "owner/pairs", "--send", cwd=tmp_path, **seen)
        assert done.returncode == 69
        assert "set HF_HUB_DISABLE_XET=1 for a hub that does not know Xet" in done.stderr
        assert done.stderr.count("\n") == 1
        assert TOKEN not in done.stderr


def test_what_was_pushed_is_loaded_by_name(tmp_path: Path, surroundings: Surroundings) -> None:
    """By datasets, from the private repository, each configuration and split of the card."""
    a_pushable_run(tmp_path / "run", file="parquet", splits={"train": 0.8, "test": 0.2})
    with serving() as server:
        done = command.run("push", "run", "owner/pairs", "--send", "--json", cwd=tmp_path, **surroundings(server))
        assert json.loads(done.stdout)["plan"]["private"] is True
        with command.subprocess.Popen(
            [sys.executable, "-c", LOAD, "owner/pairs", "messages", "problem_solution"],
            env={**command.os.environ, **surroundings(server)},
            stdout=command.subprocess.PIPE,
            text=True,
        ) as loading:
            printed, _ = loading.communicate(timeout=60)
        counts = [line.split(" {")[1].split("}")[0] for line in printed.strip().split("\n")]
        assert len(set(counts)) == 1
        assert sum(int(part.split(": ")[1]) for part in counts[0].split(", ")) == 40


def test_what_is_printed_is_ours_alone(tmp_path: Path, surroundings: Surroundings) -> None:
    """No bar, warning or log of the library, no token, no link to the storage; errors are one line."""
    a_pushable_run(tmp_path / "run")
    with serving() as server:
        seen = surroundings(server)
        dry = command.run("push", "run", "owner/pairs", cwd=tmp_path, **seen)
        done = command.run("push", "run", "owner/pairs", "--send", cwd=tmp_path, **seen)
        wrong = command.run("push", "run", "bob/pairs", "--send", cwd=tmp_path, **seen)
        assert (dry.returncode, done.returncode, wrong.returncode) == (0, 0, 77)
        assert (dry.stderr, done.stderr, wrong.stdout) == ("", "", "")
        assert wrong.stderr.count("\n") == 1
        assert dry.stdout.split("\n")[-2].endswith("to send; --send does it")
        assert "commit " in done.stdout.split("\n")[-2]
        assert TOKEN not in dry.stdout + done.stdout + wrong.stderr
        assert TOKEN not in (tmp_path / "run" / "pushes.jsonl").read_text()


def test_a_folder_that_is_no_run_is_told(tmp_path: Path, surroundings: Surroundings) -> None:
    """Before anything is asked."""
    with serving() as server:
        done = command.run("push", ".", "owner/pairs", cwd=tmp_path, **surroundings(server))
        assert done.returncode == 2
        assert "is not a run directory" in done.stderr
        assert server.asked == []
