"""What is seen of a run from outside while it goes on, and what its flags do."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from builders import AN_ANSWER
from command import ROOT, answering, chat, configure, lines, replied, run, start, wait_for
from loopback import completion, serving
from prometheus_client.parser import text_string_to_metric_families

PRICE = {"input": 10, "output": 20}  # USD per million tokens
ONE = (100 * 10 + 50 * 20) / 1e6  # USD that an answer of the loopback server costs


def status(project: Path) -> dict[str, Any]:
    """What `status` says as JSON."""
    done = run("status", "runs/c", "--json", cwd=project)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def metrics(project: Path) -> dict[str, float]:
    """The series of metrics.prom that have no label of their own."""
    text = (project / "runs/c/metrics.prom").read_text(encoding="utf-8")
    found = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {one.name.removeprefix("magicoder_gen_"): one.value for one in found if set(one.labels) == {"run"}}


def test_a_limit_is_kept_and_told(project: Path) -> None:
    """--max-cost stops with 4; status and metrics have what was spent, and what the whole will cost."""
    with serving(answering()) as server:
        configure(project, chat(server.url, price=PRICE, max_tokens=60))
        done = run("run", "c.yaml", "--max-cost", 0.03, cwd=project)
        assert done.returncode == 4, done.stderr
        found = status(project)
        replies = found["replies"]
        assert 0 < replies < 12
        assert found["cost"] == pytest.approx(replies * ONE)
        assert found["projected_cost"] == pytest.approx(12 * ONE)
        assert f"of about ${12 * ONE:.4f}" in run("status", "runs/c", cwd=project).stdout
        seen = metrics(project)
        assert (seen["replies_total"], seen["last_exit_code"]) == (replies, 4)
        assert seen["cost_usd_total"] == pytest.approx(replies * ONE)
        assert "last_success_timestamp_seconds" not in seen
        assert run("run", "c.yaml", cwd=project).returncode == 0
    seen = metrics(project)
    assert (seen["replies_total"], seen["last_exit_code"]) == (12, 0)
    assert seen["last_success_timestamp_seconds"] > 0
    assert status(project)["projected_cost"] == pytest.approx(12 * ONE)


def test_as_many_as_wanted(project: Path) -> None:
    """--target-accepted goes by what cleaning makes of the answers, not by their number."""
    texts = iter([AN_ANSWER, "Sorry."] * 20)
    with serving(lambda _p, _n: completion(next(texts))) as server:
        configure(project, chat(server.url, concurrency=1))
        done = run("generate", "c.yaml", "--target-accepted", 4, cwd=project)
        assert done.returncode == 78
        run("sample", "c.yaml", cwd=project)
        done = run("generate", "c.yaml", "--target-accepted", 4, cwd=project)
        assert done.returncode == 0, done.stderr
    assert status(project)["replies"] == 7


def test_cut_off_answers_are_redone(project: Path) -> None:
    """--redo-truncated asks for these alone, with more tokens."""
    cut = [True]
    with serving(lambda _p, _n: completion(finish_reason="length" if cut[0] else "stop")) as server:
        configure(project, chat(server.url, max_tokens=60))
        run("run", "c.yaml", cwd=project)
        cut[0] = False
        done = run("generate", "c.yaml", "--redo-truncated", 900, cwd=project)
        assert done.returncode == 0, done.stderr
    assert [body["max_tokens"] for body in server.bodies] == [60] * 12 + [900] * 12
    beat = json.loads((project / "runs/c/status.json").read_text())
    assert (beat["done"], beat["pending"]) == (12, 0)


def test_drift_is_allowed_where_it_is_asked_for(project: Path) -> None:
    """--allow-drift keeps the answers; other seeds stay refused."""
    with serving(answering()) as server:
        configure(project, chat(server.url))
        run("run", "c.yaml", cwd=project)
        warmer = ("--set", "generate.teacher.temperature=0.5")
        assert run("generate", "c.yaml", *warmer, cwd=project).returncode == 78
        done = run("run", "c.yaml", *warmer, "--allow-drift", cwd=project)
        assert done.returncode == 0, done.stderr
        assert len(server.bodies) == 12
        strategy = ("--set", "sample.strategy={type: file}")
        assert run("run", "c.yaml", *strategy, "--allow-drift", cwd=project).returncode == 78
    assert len(lines(project / "runs/c/seeds")) == 12


def test_a_run_can_be_watched_while_it_goes_on(project: Path) -> None:
    """`status` and `show` read beside the writer, and a signal's exit code is in the metrics."""
    with serving(answering()) as server:
        configure(project, chat(server.url, price=PRICE, concurrency=1))
        server.seconds = 0.3
        with start("run", "c.yaml", cwd=project) as process:
            wait_for(lambda: len(replied(project / "runs/c")) >= 2)
            found = status(project)
            assert (found["active"], found["stages"]["generate"]["state"]) == (True, "running")
            assert 2 <= found["replies"] <= 12
            assert found["cost"] == pytest.approx(found["replies"] * ONE)
            said = run("status", "runs/c", cwd=project).stdout
            assert "under way" in said
            assert run("show", "runs/c", "-n", 1, cwd=project).returncode == 0
            beat = json.loads((project / "runs/c/status.json").read_text())
            assert beat["done"] + beat["pending"] + beat["in_flight"] == beat["total"] == 12
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)
    assert process.returncode == 143
    assert metrics(project)["last_exit_code"] == 143
    found = status(project)
    assert (found["active"], found["uncertain"]) == (False, 0)


def test_a_killed_run_says_what_may_have_been_paid(project: Path) -> None:
    """Requests without an outcome, for at most what they can cost; unknown where prices are."""
    for price, most in ((PRICE, "$"), (None, "unknown")):
        with serving(answering()) as server:
            configure(project, chat(server.url, price=price, concurrency=3))
            server.seconds = 30
            with start("run", "c.yaml", "--run", f"runs/{most}", cwd=project) as process:
                wait_for(lambda: server.in_flight == 3)
                process.kill()
                process.communicate(timeout=60)
        shown = run("status", f"runs/{most}", cwd=project).stdout
        assert f"without an outcome: 3 requests, which may have been paid, at most {most}" in shown
        assert "cost unknown, there is no answer yet" in shown


def test_a_run_that_nobody_may_write_can_be_looked_at(project: Path) -> None:
    """A folder on a read-only disk, or another user's."""
    configure(project, {"type": "scripted", "replies": [AN_ANSWER]})
    run("run", "c.yaml", cwd=project)
    humbly = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []  # root may do anything
    if humbly and not shutil.which(humbly[0]):
        pytest.skip("root without setpriv: permissions mean nothing")
    with TemporaryDirectory() as folder:
        root = shutil.copytree(project / "runs/c", Path(folder) / "run")
        folders = [Path(folder), root, *(path for path in root.rglob("*") if path.is_dir())]
        before = sorted(root.rglob("*"))
        for path in folders:
            path.chmod(0o555)
        try:
            for words in (["status", str(root)], ["show", str(root)], ["estimate", "--run", str(root)]):
                done = subprocess.run(
                    [*humbly, sys.executable, "-m", "magicoder_gen", *words],
                    cwd="/",
                    env={**os.environ, "PYTHONPATH": ROOT},
                    capture_output=True,
                    check=False,
                )
                assert done.returncode == 0, done.stderr
        finally:
            for path in folders:
                path.chmod(0o755)
        assert sorted(root.rglob("*")) == before
