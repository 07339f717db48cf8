"""The whole pipeline through the command line: from code to data, interrupted, resumed, grown, never paid twice."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import batch_server
import pytest
from batch_runs import batch
from command import (
    ANSWERS,
    KEY,
    PYTHON,
    ROOT,
    answering,
    chat,
    configure,
    lines,
    products,
    replied,
    run,
    start,
    text_of,
    wait_for,
)
from loopback import completion, serving


def test_one_command_from_code_to_a_dataset(project: Path) -> None:
    """Seeds, replies, samples and data are there, and the printed counts are those of the files."""
    done = run("run", "c.yaml", "--json", cwd=project)
    assert done.returncode == 0, done.stderr
    entries = json.loads(done.stdout)["stages"]
    root = project / "runs" / "c"
    assert entries["generate"]["counts"] == {"in": 12, "out": 12, "reasons": {}}
    for entry in entries.values():
        assert entry["counts"]["in"] == entry["counts"]["out"] + sum(entry["counts"]["reasons"].values())
    assert len(lines(root / "seeds")) == entries["sample"]["counts"]["out"] == 12
    assert len(lines(root / "samples")) == entries["clean"]["counts"]["out"] == 12
    assert len(lines(root / "data" / "problem_solution")) == 12
    assert json.loads((root / "manifest.json").read_text())["export"]["state"] == "complete"
    assert not run("status", root, cwd=project).stderr


def test_the_same_command_again_does_nothing(project: Path) -> None:
    """Exit 0, no byte changed."""
    run("run", "c.yaml", cwd=project)
    before = {**products(project / "runs" / "c"), "config": (project / "runs/c/config.yaml").read_bytes()}
    again = run("run", "c.yaml", cwd=project)
    assert again.returncode == 0
    assert again.stderr.count("nothing to do") == 4
    assert {**products(project / "runs" / "c"), "config": (project / "runs/c/config.yaml").read_bytes()} == before


def test_the_frozen_config_is_what_the_seeds_were_made_with(project: Path) -> None:
    """Drawn again with other options, or grown by a flag: a command without CONFIG goes on with just these."""
    assert run("sample", "c.yaml", "--num", 3, cwd=project).returncode == 0
    assert run("sample", "c.yaml", "--num", 5, "--set", "rng_seed=7", cwd=project).returncode == 0
    assert run("generate", "c.yaml", "--set", "sample.num=2", cwd=project).returncode == 0
    kept = (project / "runs/c/config.yaml").read_text()
    assert "rng_seed: 7\n" in kept
    assert "num: 5\n" in kept
    again = run("run", "--run", "runs/c", cwd=project)
    assert (again.returncode, "sample: complete, nothing to do" in again.stderr) == (0, True)
    assert len(lines(project / "runs/c/seeds")) == len(replied(project / "runs/c")) == 5


def test_stages_one_by_one_make_the_same_bytes(project: Path) -> None:
    """And without CONFIG the run directory's own is used."""
    run("run", "c.yaml", cwd=project)
    assert run("sample", "c.yaml", "--run", "other", cwd=project).returncode == 0
    for stage in ("generate", "clean", "export"):
        assert run(stage, "--run", "other", cwd=project).returncode == 0
    one, other = products(project / "runs" / "c"), products(project / "other")
    card = "data/README.md"
    assert one.pop(card).replace(b"`c`", b"`other`").replace(b"# c\n", b"# other\n").replace(
        b"pretty_name: c\n", b"pretty_name: other\n"
    ) == other.pop(card)
    assert one == other


def test_killed_in_the_middle_the_same_command_ends_with_the_same_bytes(project: Path) -> None:
    """Kill -9 while answers are under way: the final files are those of an uninterrupted run."""
    teacher = {"type": "scripted", "replies": ANSWERS, "seconds": 0.15, "concurrency": 2}
    configure(project, teacher)
    assert run("run", "c.yaml", "--run", "whole/x", cwd=project).returncode == 0
    with start("run", "c.yaml", "--run", "killed/x", cwd=project) as process:
        wait_for(lambda: len(replied(project / "killed/x")) >= 4)
        process.kill()
    journaled = len(replied(project / "killed/x"))
    assert 4 <= journaled < 12
    assert run("run", "c.yaml", "--run", "killed/x", cwd=project).returncode == 0
    assert products(project / "whole/x") == products(project / "killed/x")
    entries = [entry["record"] for entry in lines(project / "killed/x/replies")]
    intents = [entry["prompt_id"] for entry in entries if entry["record"] == "intent"]
    assert len(intents) - len(set(intents)) <= teacher["concurrency"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)])
def test_a_signal_drains_and_nothing_is_paid_twice(project: Path, number: signal.Signals, code: int) -> None:
    """What is under way is waited for; the same command sends the rest and each prompt is sent once."""
    with serving(answering()) as server:
        server.seconds = 0.3
        configure(project, chat(server.url, concurrency=2))
        with start("run", "c.yaml", cwd=project) as process:
            wait_for(lambda: server.asked.total() >= 3)
            process.send_signal(number)
            _, err = process.communicate(timeout=60)
        assert process.returncode == code
        assert "the same command goes on" in err
        assert len(replied(project / "runs/c")) == server.asked.total() < 12
        assert run("run", "c.yaml", cwd=project).returncode == 0
    assert set(server.asked.values()) == {1}
    assert len(server.asked) == 12


def test_a_second_signal_leaves_at_once_and_the_run_goes_on_later(project: Path) -> None:
    """Answers that never come do not hold the user."""
    with serving(answering()) as server:
        server.seconds = 30
        configure(project, chat(server.url))
        with start("run", "c.yaml", cwd=project) as process:
            wait_for(lambda: server.asked.total() == 12)
            process.send_signal(signal.SIGINT)
            time.sleep(0.3)
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=20)
        assert process.returncode == 130
        server.seconds = 0
        resumed = run("run", "c.yaml", cwd=project)
    assert resumed.returncode == 0
    assert "12 requests of earlier commands had no answer" in resumed.stderr


def test_a_full_disk_is_74_and_the_run_goes_on_when_there_is_room(project: Path) -> None:
    """The journal keeps whole entries; a file size limit stands in for the disk."""
    limited = f"ulimit -f 200; trap '' XFSZ; exec {PYTHON} -m magicoder_gen run c.yaml"
    environment = {**os.environ, "PYTHONPATH": ROOT, "TEST_KEY": KEY}
    answered = answering()
    with serving(lambda prompt, number: completion("x" * 40_000 + "\n" + text_of(answered(prompt, number)))) as server:
        configure(project, chat(server.url, concurrency=1))
        full = subprocess.run(
            ["bash", "-c", limited], cwd=project, env=environment, capture_output=True, text=True, check=False
        )
        assert full.returncode == 74, full.stderr
        assert "free space" in full.stderr
        assert 0 < len(replied(project / "runs/c")) < server.asked.total() < 12
        assert run("run", "c.yaml", cwd=project).returncode == 0
    assert len(replied(project / "runs/c")) == 12


def test_limits_stop_with_4_and_the_next_command_goes_on(project: Path) -> None:
    """Requests are counted over resumes."""
    limited = run("run", "c.yaml", "--set", "generate.limits.max_requests=5", cwd=project)
    assert limited.returncode == 4
    assert "max_requests=5 reached; 7 prompts left; raise it to go on" in limited.stderr
    assert len(replied(project / "runs/c")) == 5
    assert run("run", "c.yaml", "--set", "generate.limits.max_requests=5", cwd=project).returncode == 4
    assert len(replied(project / "runs/c")) == 5
    assert run("run", "c.yaml", cwd=project).returncode == 0


def test_a_run_can_grow_but_not_drift(project: Path) -> None:
    """More seeds: only the new ones are asked. Another teacher or prompt: 78 with what changed, nothing sent."""
    run("run", "c.yaml", cwd=project)
    assert run("run", "c.yaml", "--num", 20, cwd=project).returncode == 0
    assert len(replied(project / "runs/c")) == 20
    (project / "mine.txt").write_text("Invent a task and solve it: {code}")
    before = products(project / "runs/c")
    drifted = run("run", "c.yaml", "--num", 20, "--set", "generate.recipe=mine.txt", cwd=project)
    assert drifted.returncode == 78
    assert "changed: recipe" in drifted.stderr
    others = run("run", "c.yaml", "--num", 20, "--set", "rng_seed=1", cwd=project)
    assert others.returncode == 78
    assert "changed: rng_seed;" in others.stderr
    assert len(replied(project / "runs/c")) == 20
    assert products(project / "runs/c") == before


def test_seeds_that_were_paid_for_stay(project: Path) -> None:
    """A smaller num, or a corpus that has changed since, keeps the run as it is: the same command goes on."""
    run("run", "c.yaml", "--num", 14, cwd=project)
    before = products(project / "runs/c")
    (project / "code" / "module_0.py").write_text("changed = 1\nentirely = 2\n")
    smaller = run("run", "c.yaml", cwd=project)
    assert smaller.returncode == 0
    assert "the seeds that were asked are kept as they are (14)" in smaller.stderr
    assert products(project / "runs/c") == before
    (project / "runs/c/seeds/part-00000.jsonl").unlink()
    lost = run("run", "c.yaml", "--num", 14, cwd=project)
    assert (lost.returncode, "changed: the files of the corpora;" in lost.stderr) == (78, True)


def test_seeds_that_were_handed_in_stay(project: Path) -> None:
    """A batch may be paid before anything comes back: a larger num extends its seeds, nothing replaces them."""
    with batch_server.serving(answering()) as provider:
        provider.status("in_progress")
        configure(project, batch(provider.url))
        assert run("run", "c.yaml", cwd=project).returncode == 75
        seeds = (project / "runs/c/seeds/part-00000.jsonl").read_text()
        assert run("run", "c.yaml", "--num", 14, cwd=project).returncode == 75
        more_seeds = (project / "runs/c/seeds/part-00000.jsonl").read_text()
        assert more_seeds.startswith(seeds)
        drifted = run("run", "c.yaml", "--num", 14, "--set", "rng_seed=5", cwd=project)
        assert (drifted.returncode, "changed: rng_seed;" in drifted.stderr) == (78, True)
        (project / "code/module_0.py").write_text("changed = 1\nentirely = 2\n")
        provider.status("completed")
        kept = run("run", "c.yaml", "--num", 14, "--set", "generate.teacher.wait=null", cwd=project)
        assert (kept.returncode, "the seeds that were asked are kept" in kept.stderr) == (0, True)
        assert "earlier commands handed in 14 prompts" in kept.stderr
        assert sorted(provider.asked.values()) == [1] * 14
    assert (project / "runs/c/seeds/part-00000.jsonl").read_text() == more_seeds


def test_seeds_that_were_sent_before_a_kill_stay(project: Path) -> None:
    """Their answers may have been paid, though none came."""
    with serving(answering()) as server:
        server.seconds = 30
        configure(project, chat(server.url))
        with start("run", "c.yaml", cwd=project) as process:
            wait_for(lambda: server.asked.total() == 12)
            process.kill()
            process.communicate(timeout=20)
        server.seconds = 0
        (project / "code/module_0.py").write_text("changed = 1\nentirely = 2\n")
        assert run("run", "c.yaml", cwd=project).returncode == 0
        assert sorted(server.asked.values()) == [2] * 12


def test_several_answers_of_one_seed_become_samples(project: Path) -> None:
    """They are no duplicates of each other for having the same seed."""
    answers = iter(ANSWERS)
    with serving(lambda _prompt, _number: completion(next(answers))) as server:
        configure(project, chat(server.url, temperature=0.8))
        done = run("run", "c.yaml", "--num", 4, "--set", "generate.answers_per_seed=3", cwd=project)
    assert done.returncode == 0, done.stderr
    assert len(lines(project / "runs/c/samples")) == 12


def test_a_stage_that_comes_too_early_says_what_to_run(project: Path) -> None:
    """Without losing the configuration that was given."""
    early = run("generate", "c.yaml", "--run", "r", cwd=project)
    assert early.returncode == 78
    assert "sample has not been run; run `sample` with the same configuration and --run first" in early.stderr


def test_a_run_without_answers_may_change(project: Path, unused_port: int) -> None:
    """Nothing was paid: other seeds are fine."""
    configure(project, chat(f"http://127.0.0.1:{unused_port}/v1", patience=0.2))
    assert run("run", "c.yaml", cwd=project).returncode == 69
    configure(project, {"type": "scripted", "replies": ANSWERS})
    assert run("run", "c.yaml", "--set", "rng_seed=5", cwd=project).returncode == 0


def test_two_seeds_with_the_same_text_share_an_answer(project: Path) -> None:
    """And the counts say so."""
    for n in range(30):
        (project / "code" / f"module_{n}.py").write_text(f"import this, that, other\n# {n}\n" if n < 5 else "")
    done = run("run", "c.yaml", "--set", "sample.strategy={type: lines, max_lines: 1}", "--json", cwd=project)
    counts = json.loads(done.stdout)["stages"]
    seeds = counts["sample"]["counts"]["out"]
    asked = counts["generate"]["counts"]
    assert asked["in"] == seeds == asked["out"] + asked["reasons"].get("same_prompt", 0)
    assert asked["out"] == 1


def test_prompts_that_fail_are_counted_and_asked_again(project: Path) -> None:
    """Over the allowed share the exit code is 3; the samples of the others are made all the same."""
    broken: set[str] = set()
    answered = answering()

    def behave(prompt: str, number: int) -> object:
        if len(server.asked) <= 4 and number == 1:
            broken.add(prompt)
        return (500, {}, "oops") if prompt in broken and number == 1 else answered(prompt, number)

    with serving(behave) as server:
        configure(project, chat(server.url, attempts=1, concurrency=1))
        first = run("run", "c.yaml", "--json", cwd=project)
        counts = json.loads(first.stdout)["stages"]["generate"]["counts"]
        assert counts == {"in": 12, "out": 8, "reasons": {"http_500": 4}}
        assert first.returncode == 3
        assert len(lines(project / "runs/c/samples")) == 8
        assert run("run", "c.yaml", cwd=project).returncode == 0
    assert sorted(server.asked.values()) == [1] * 8 + [2] * 4
    assert len(lines(project / "runs/c/samples")) == 12


def test_other_replies_are_cleaned_again(project: Path) -> None:
    """Even if the journal is exactly as long as the one before."""
    other = [answer.replace("adds", "ADDS") for answer in ANSWERS]
    run("run", "c.yaml", cwd=project)
    run("run", "c.yaml", "--run", "o", "--set", f"generate.teacher.replies={json.dumps(other)}", cwd=project)
    mine, theirs = (project / root / "replies" / "part-00000.jsonl" for root in ("runs/c", "o"))
    assert mine.stat().st_size == theirs.stat().st_size
    mine.write_bytes(theirs.read_bytes())
    assert run("clean", "c.yaml", cwd=project).returncode == 0
    assert all("ADDS" in sample["problem"] for sample in lines(project / "runs/c/samples"))


def test_a_server_that_is_repaired_is_asked_again(project: Path) -> None:
    """Refusals before any answer may be the server's fault: they are not final."""
    refusing = {"on": True}
    answered = answering()
    with serving(lambda p, n: (400, {}, '{"error": "broken"}') if refusing["on"] else answered(p, n)) as server:
        configure(project, chat(server.url))
        assert run("run", "c.yaml", cwd=project).returncode == 78
        refusing["on"] = False
        assert run("run", "c.yaml", cwd=project).returncode == 0
    assert len(replied(project / "runs/c")) == 12
