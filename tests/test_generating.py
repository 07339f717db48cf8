"""The generate stage through the command line: killed, drifted, ended by a target; what a user sees and pays."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command import ANSWERS, answering, chat, configure, lines, replied, run, start, text_of, wait_for
from loopback import completion, serving


def sent_by(root: Path) -> list[str]:
    """The prompts whose requests the journal knows, repeatedly where they were repeated."""
    entries = [entry["record"] for entry in lines(root / "replies")]
    return [entry["prompt_id"] for entry in entries if entry["record"] == "intent"]


@pytest.mark.parametrize("answered", [1, 5, 9])
def test_kill_9_sends_again_only_what_was_under_way(project: Path, answered: int) -> None:
    """Every prompt is answered once, and the sums are those of the journal."""
    with serving(answering()) as server:
        server.seconds = 0.2
        configure(project, chat(server.url, concurrency=2, price={"input": 1.0, "output": 1.0}))
        assert run("sample", "c.yaml", cwd=project).returncode == 0
        with start("generate", "c.yaml", cwd=project) as process:
            wait_for(lambda: len(replied(project / "runs/c")) >= answered)
            process.kill()
        kept = len(replied(project / "runs/c"))
        done = run("generate", "c.yaml", "--json", cwd=project)
        assert done.returncode == 0, done.stderr
    assert len(replied(project / "runs/c")) == 12 > kept
    assert server.asked.total() - 12 <= 2
    assert len(sent_by(project / "runs/c")) >= server.asked.total()
    entry = json.loads(done.stdout)["stages"]["generate"]
    assert entry["counts"] == {"in": 12, "out": 12, "reasons": {}}


def test_drift_is_refused_until_it_is_allowed(project: Path) -> None:
    """78 with what changed; with the flag what was answered stays, and later commands need no flag."""
    limit = ("--set", "generate.limits.max_requests=5")
    assert run("run", "c.yaml", *limit, cwd=project).returncode == 4
    other = json.dumps({"type": "scripted", "replies": ANSWERS[12:]})
    refused = run("run", "c.yaml", "--set", f"generate.teacher={other}", cwd=project)
    assert (refused.returncode, "changed: teacher.replies" in refused.stderr) == (78, True)
    assert "--allow-drift" in refused.stderr
    allowed = run("run", "c.yaml", "--set", f"generate.teacher={other}", "--allow-drift", cwd=project)
    assert allowed.returncode == 0, allowed.stderr
    assert "5 answers to other prompts are kept" in allowed.stderr
    again = run("run", "--run", "runs/c", cwd=project)
    assert (again.returncode, again.stderr.count("nothing to do")) == (0, 4)
    texts = [reply["record"]["text"] for reply in lines(project / "runs/c/replies") if "text" in reply["record"]]
    assert len(texts) == 12
    assert set(texts[:5]) <= set(ANSWERS[:12])
    assert set(texts[5:]) <= set(ANSWERS[12:])


def refusing(every: int) -> Callable[[str, int], Any]:
    """A server whose every so manyth answer is none that can be used."""
    answered = answering()
    count = iter(range(10**6))
    return lambda prompt, n: completion("No.") if next(count) % every == 0 else answered(prompt, n)


def test_a_target_ends_the_run_early(project: Path) -> None:
    """The dataset has as many rows as were wanted, and no more was paid than needed."""
    with serving(refusing(3)) as server:
        configure(project, chat(server.url, concurrency=2))
        done = run("run", "c.yaml", "--json", "--set", "generate.limits.target_accepted=4", cwd=project)
        assert done.returncode == 0, done.stderr
        counts = json.loads(done.stdout)["stages"]["generate"]["counts"]
        assert counts["reasons"] == {"not_needed": 12 - server.asked.total()}
        assert len(lines(project / "runs/c/samples")) == 4
        missed = run("run", "c.yaml", "--set", "generate.limits.target_accepted=11", cwd=project)
        assert missed.returncode == 3
        assert "8 answers of 11 wanted" in missed.stderr
        assert server.asked.total() == 12
        assert len(lines(project / "runs/c/samples")) == 8


def test_cut_off_answers_are_redone(project: Path) -> None:
    """With more tokens, in the same command, and the samples are made of the longer ones."""
    answered = answering()

    def behave(prompt: str, number: int) -> Any:
        whole = text_of(answered(prompt, 1))
        return completion(whole if number > 1 else whole[:60], finish_reason="stop" if number > 1 else "length")

    with serving(behave) as server:
        configure(project, chat(server.url, max_tokens=20))
        done = run("run", "c.yaml", "--set", "generate.redo_truncated=500", cwd=project)
        assert done.returncode == 0, done.stderr
        assert set(server.asked.values()) == {2}
        assert sorted({body["max_tokens"] for body in server.bodies}) == [20, 500]
        assert run("run", "c.yaml", "--set", "generate.redo_truncated=500", cwd=project).returncode == 0
    assert server.asked.total() == 24
    assert len(lines(project / "runs/c/samples")) == 12


def test_a_budget_is_kept_over_commands(project: Path) -> None:
    """Exit 4; what the server billed is never more, whatever is answered late or never."""
    answered = answering()
    with serving(lambda prompt, n: None if n == 1 else answered(prompt, n)) as server:  # the first request is cut
        price = {"input": 0.0, "output": 1000.0}
        limits = {"max_cost": 1.0}
        configure(project, chat(server.url, max_tokens=100, price=price, attempts=1, concurrency=2))
        for _ in range(4):
            limited = run("run", "c.yaml", "--set", f"generate.limits={json.dumps(limits)}", cwd=project)
            assert limited.returncode in {3, 4}, limited.stderr
        assert server.asked.total() * 0.1 <= 1.0
        assert server.asked.total() >= 9
    unpriced = run(
        "run", "c.yaml", "--set", "generate.limits.max_cost=1", "--set", "generate.teacher.price=null", cwd=project
    )
    assert unpriced.returncode == 78
    assert "set generate.teacher.price" in unpriced.stderr


def test_a_journal_without_its_index_goes_on(project: Path) -> None:
    """It is made anew; nothing is paid twice."""
    with serving(answering()) as server:
        configure(project, chat(server.url))
        limit = ("--set", "generate.limits.max_requests=6")
        assert run("run", "c.yaml", *limit, cwd=project).returncode == 4
        for path in (project / "runs/c/replies").glob("index.sqlite*"):
            path.unlink()
        assert run("run", "c.yaml", cwd=project).returncode == 0
    assert set(server.asked.values()) == {1}
