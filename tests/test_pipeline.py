"""The whole pipeline through the command line: what a user types, what comes out, and with which exit code."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from loopback import completion, serving

KEY = "canary-key-4711"
PYTHON = shlex.quote(sys.executable)
ANSWERS = [
    f"[Problem Description]\nWrite `add_{n}(x)`, which adds {n} to a number.\n\n"
    f"[Solution]\n```python\ndef add_{n}(x):\n    return x + {n}\n```\n"
    for n in range(30)
]


def run(*arguments: object, cwd: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run the command to its end."""
    with start(*arguments, cwd=cwd, **environment) as process:
        out, err = process.communicate(timeout=60)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def start(*arguments: object, cwd: Path, **environment: str) -> "subprocess.Popen[str]":
    """Start the command; its key is the canary."""
    return subprocess.Popen(
        [sys.executable, "-m", "magicoder_gen", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent), "TEST_KEY": KEY, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a small corpus and a configuration whose teacher is scripted."""
    (tmp_path / "code").mkdir()
    for n in range(30):
        body = "".join(f"value_{n}_{line} = compute({line}, {n})\n" for line in range(20))
        (tmp_path / "code" / f"module_{n}.py").write_text(body)
    configure(tmp_path, {"type": "scripted", "replies": ANSWERS})
    return tmp_path


def configure(project: Path, teacher: dict[str, Any], **sections: Any) -> None:
    """Write c.yaml; JSON is YAML."""
    config = {
        "sample": {"num": 12, "corpora": [{"type": "local", "path": "code"}]},
        "generate": {"teacher": teacher},
        **sections,
    }
    (project / "c.yaml").write_text(json.dumps(config))


def chat(url: str, **changes: Any) -> dict[str, Any]:
    """A teacher on loopback."""
    return {"type": "chat", "model": "test-model", "base_url": url, "api_key_env": "TEST_KEY", **changes}


def answering() -> Callable[[str, int], Any]:
    """A server that gives every prompt another answer."""
    seen: dict[str, int] = {}
    return lambda prompt, _number: completion(ANSWERS[seen.setdefault(prompt, len(seen))])


def text_of(answer: dict[str, Any]) -> str:
    """The text of a completion."""
    return str(answer["choices"][0]["message"]["content"])


def lines(folder: Path) -> list[dict[str, Any]]:
    """Every record of a folder of JSON lines."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.jsonl"))]
    return [json.loads(line) for text in texts for line in text.split("\n") if line]


def products(root: Path) -> dict[str, bytes]:
    """What a run publishes, by name."""
    folders = ("seeds", "samples", "rejections", "data")
    files = [path for folder in folders for path in (root / folder).rglob("*") if path.is_file()]
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


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
        _wait(lambda: len(_replied(project / "killed/x")) >= 4)
        process.kill()
    journaled = len(_replied(project / "killed/x"))
    assert 4 <= journaled < 12
    assert run("run", "c.yaml", "--run", "killed/x", cwd=project).returncode == 0
    assert products(project / "whole/x") == products(project / "killed/x")
    entries = [entry["record"] for entry in lines(project / "killed/x/replies")]
    intents = [entry["prompt_id"] for entry in entries if entry["record"] == "intent"]
    assert len(intents) - len(set(intents)) <= teacher["concurrency"]


def _replied(root: Path) -> list[str]:
    path = root / "replies" / "part-00000.jsonl"
    return [line for line in path.read_text().split("\n") if '"record":"reply"' in line] if path.exists() else []


def _wait(condition: Callable[[], bool]) -> None:
    for _ in range(600):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("waited 30 s in vain")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)])
def test_a_signal_drains_and_nothing_is_paid_twice(project: Path, number: signal.Signals, code: int) -> None:
    """What is under way is waited for; the same command sends the rest and each prompt is sent once."""
    with serving(answering()) as server:
        server.seconds = 0.3
        configure(project, chat(server.url, concurrency=2))
        with start("run", "c.yaml", cwd=project) as process:
            _wait(lambda: server.asked.total() >= 3)
            process.send_signal(number)
            _, err = process.communicate(timeout=60)
        assert process.returncode == code
        assert "the same command goes on" in err
        assert len(_replied(project / "runs/c")) == server.asked.total() < 12
        assert run("run", "c.yaml", cwd=project).returncode == 0
    assert set(server.asked.values()) == {1}
    assert len(server.asked) == 12


def test_a_second_signal_leaves_at_once_and_the_run_goes_on_later(project: Path) -> None:
    """Answers that never come do not hold the user."""
    with serving(answering()) as server:
        server.seconds = 30
        configure(project, chat(server.url))
        with start("run", "c.yaml", cwd=project) as process:
            _wait(lambda: server.asked.total() == 12)
            process.send_signal(signal.SIGINT)
            time.sleep(0.3)
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=20)
        assert process.returncode == 130
        server.seconds = 0
        resumed = run("run", "c.yaml", cwd=project)
    assert resumed.returncode == 0
    assert "12 requests of an earlier, interrupted run" in resumed.stderr


def test_a_run_against_a_server_leaks_no_key(project: Path) -> None:
    """Neither files nor output hold it; costs and tokens are summed."""
    with serving(answering()) as server:
        configure(project, chat(server.url, price={"input": 10, "output": 20}))
        done = run("run", "c.yaml", cwd=project)
    assert done.returncode == 0, done.stderr
    files = [path.read_bytes() for path in (project / "runs").rglob("*") if path.is_file()]
    assert not any(KEY.encode() in content for content in files)
    assert KEY not in done.stdout + done.stderr
    status = json.loads(run("status", "runs/c", "--json", cwd=project).stdout)
    assert (status["replies"], status["input_tokens"], status["output_tokens"]) == (12, 1200, 600)
    assert status["cost"] == pytest.approx(12 * (100 * 10 + 50 * 20) / 1e6)


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        ((401, {}, f'{{"error": {{"message": "wrong key {KEY}"}}}}'), 77, "TEST_KEY|api_key_env"),
        ((404, {}, '{"error": {"message": "no such model"}}'), 78, "test-model at http://127"),
        ((429, {}, '{"error": {"code": "insufficient_quota", "message": "pay"}}'), 75, "quota"),
        ((422, {}, '{"error": {"message": "no temperature here"}}'), 78, "no temperature here"),
    ],
)
def test_what_stops_a_run_has_its_own_exit_code(project: Path, answer: object, code: int, said: str) -> None:
    """One line on stderr, no traceback, never the key."""
    with serving(lambda _p, _n: answer) as server:
        configure(project, chat(server.url))
        done = run("run", "c.yaml", cwd=project)
    assert done.returncode == code
    assert any(word in done.stderr for word in said.split("|"))
    assert "Traceback" not in done.stderr
    assert KEY not in done.stdout + done.stderr


def test_an_unreachable_teacher_is_69_and_keeps_the_seeds(project: Path, unused_port: int) -> None:
    """And the same command goes on when it is back."""
    configure(project, chat(f"http://127.0.0.1:{unused_port}/v1", patience=0.3))
    done = run("run", "c.yaml", cwd=project)
    assert done.returncode == 69
    assert f"http://127.0.0.1:{unused_port}/v1" in done.stderr
    assert len(lines(project / "runs/c/seeds")) == 12


def test_a_missing_key_is_77_before_anything_is_sent(project: Path) -> None:
    """The variable is named."""
    configure(project, chat("http://127.0.0.1:9/v1", api_key_env="NOT_SET"))
    done = run("run", "c.yaml", cwd=project)
    assert done.returncode == 77
    assert "NOT_SET" in done.stderr


def test_config_errors_are_78_and_say_where(project: Path) -> None:
    """File, line, key, remedy; nothing is made."""
    (project / "c.yaml").write_text("sample:\n  num: 3\n  strateggy: {type: lines}\n")
    done = run("run", "c.yaml", cwd=project)
    assert done.returncode == 78
    assert "c.yaml:3: sample.strateggy: unknown key; did you mean strategy?" in done.stderr
    assert not (project / "runs").exists()
    assert run("run", "missing.yaml", cwd=project).returncode == 78
    assert run("run", "c.yaml", "--nope", cwd=project).returncode == 2


def test_two_runs_at_once(project: Path) -> None:
    """The second is told who holds the directory, 75."""
    configure(project, {"type": "scripted", "replies": ANSWERS, "seconds": 2, "concurrency": 12})
    with start("run", "c.yaml", cwd=project) as first:
        _wait((project / "runs/c/replies").exists)
        second = run("run", "c.yaml", cwd=project)
        assert second.returncode == 75
        assert f"in use by pid {first.pid}" in second.stderr
        first.communicate(timeout=60)
    assert first.returncode == 0


def test_a_place_that_cannot_be_written(project: Path) -> None:
    """73 before anything is sent."""
    (project / "file").touch()
    done = run("run", "c.yaml", "--run", "file/run", cwd=project)
    assert done.returncode == 73
    assert "choose a place" in done.stderr


def test_a_full_disk_is_74_and_the_run_goes_on_when_there_is_room(project: Path) -> None:
    """The journal keeps whole entries; a file size limit stands in for the disk."""
    limited = f"ulimit -f 20; trap '' XFSZ; exec {PYTHON} -m magicoder_gen run c.yaml"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent), "TEST_KEY": KEY}
    answered = answering()
    with serving(lambda prompt, number: completion("x" * 3000 + "\n" + text_of(answered(prompt, number)))) as server:
        configure(project, chat(server.url, concurrency=1))
        full = subprocess.run(
            ["bash", "-c", limited], cwd=project, env=environment, capture_output=True, text=True, check=False
        )
        assert full.returncode == 74, full.stderr
        assert "free space" in full.stderr
        assert 0 < len(_replied(project / "runs/c")) < server.asked.total() < 12
        assert run("run", "c.yaml", cwd=project).returncode == 0
    assert len(_replied(project / "runs/c")) == 12


def test_limits_stop_with_4_and_the_next_command_goes_on(project: Path) -> None:
    """Requests are counted over resumes."""
    limited = run("run", "c.yaml", "--set", "generate.limits.max_requests=5", cwd=project)
    assert limited.returncode == 4
    assert "7 prompts left" in limited.stderr
    assert len(_replied(project / "runs/c")) == 5
    assert run("run", "c.yaml", "--set", "generate.limits.max_requests=5", cwd=project).returncode == 4
    assert len(_replied(project / "runs/c")) == 5
    assert run("run", "c.yaml", cwd=project).returncode == 0


def test_a_run_can_grow_but_not_drift(project: Path) -> None:
    """More seeds: only the new ones are asked. Another teacher or prompt: 78 with what changed, nothing sent."""
    run("run", "c.yaml", cwd=project)
    assert run("run", "c.yaml", "--num", 20, cwd=project).returncode == 0
    assert len(_replied(project / "runs/c")) == 20
    (project / "mine.txt").write_text("Invent a task and solve it: {code}")
    before = products(project / "runs/c")
    drifted = run("run", "c.yaml", "--num", 20, "--set", "generate.recipe=mine.txt", cwd=project)
    assert drifted.returncode == 78
    assert "changed: recipe" in drifted.stderr
    others = run("run", "c.yaml", "--num", 20, "--set", "rng_seed=1", cwd=project)
    assert others.returncode == 78
    assert "changed: sample.rng_seed" in others.stderr
    assert len(_replied(project / "runs/c")) == 20
    assert products(project / "runs/c") == before


def test_seeds_that_were_paid_for_stay(project: Path) -> None:
    """A smaller num, or a corpus that has changed since, keeps the run as it is: the same command goes on."""
    run("run", "c.yaml", "--num", 14, cwd=project)
    before = products(project / "runs/c")
    (project / "code" / "module_0.py").write_text("changed = 1\nentirely = 2\n")
    smaller = run("run", "c.yaml", cwd=project)
    assert smaller.returncode == 0
    assert "the 14 seeds that were asked are kept as they are" in smaller.stderr
    assert products(project / "runs/c") == before
    (project / "runs/c/seeds/part-00000.jsonl").unlink()
    lost = run("run", "c.yaml", "--num", 14, cwd=project)
    assert (lost.returncode, "changed: sample.content" in lost.stderr) == (78, True)


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


def test_nothing_usable_is_3(project: Path) -> None:
    """A teacher that never keeps the format: the reasons are on the table."""
    configure(project, {"type": "scripted", "replies": ["Sorry, I cannot."]})
    done = run("run", "c.yaml", cwd=project)
    assert done.returncode == 3
    assert "parse:missing_both" in done.stdout
    assert len(lines(project / "runs/c/rejections")) == 12
    again = run("run", "c.yaml", cwd=project)
    assert again.returncode == 3
    assert again.stderr.count("nothing to do") == 3


def test_a_damaged_journal_is_65(project: Path) -> None:
    """Damage in the middle, not at the end."""
    run("run", "c.yaml", cwd=project)
    part = project / "runs/c/replies/part-00000.jsonl"
    part.write_bytes(part.read_bytes().replace(b"Problem", b"Pr0blem", 1))
    done = run("generate", "c.yaml", "--set", "generate.limits.grace=1", "--num", 13, cwd=project)
    assert done.returncode == 2
    done = run("run", "c.yaml", "--num", 13, cwd=project)
    assert done.returncode == 65
    assert "journal is damaged" in done.stderr


def test_export_refuses_what_clean_did_not_write(project: Path) -> None:
    """A part that was cut, and a stage that did not finish, are no data set."""
    run("run", "c.yaml", cwd=project)
    part = project / "runs/c/samples/part-00000.jsonl"
    part.write_bytes(part.read_bytes()[:-50])
    cut = run("export", "c.yaml", cwd=project)
    assert (cut.returncode, "not the file that clean wrote" in cut.stderr) == (65, True)
    assert run("clean", "c.yaml", cwd=project).returncode == 0
    assert run("sample", "c.yaml", "--run", "fresh", cwd=project).returncode == 0
    early = run("export", "c.yaml", "--run", "fresh", cwd=project)
    assert (early.returncode, "clean has not been run" in early.stderr) == (78, True)


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


def test_rate_limits_for_ever_end_at_the_time_limit(project: Path) -> None:
    """And what is wrong for all, as a refused key, ends the waiting of the others."""
    limited = (429, {"Retry-After": "0.05"}, '{"error": {"message": "slow down"}}')
    with serving(lambda _p, _n: limited) as server:
        configure(project, chat(server.url))
        flags = ("--set", "generate.limits={max_duration: 1, grace: 0.2}")
        done = run("run", "c.yaml", *flags, cwd=project)
        assert done.returncode == 4, done.stderr
        assert "slow down" in done.stderr
    with serving() as server:
        server.seconds = 2
        configure(project, chat(server.url))
        flags = ("--set", "generate.limits={max_duration: 1}")
        assert run("run", "c.yaml", "--run", "just", *flags, cwd=project).returncode in {0, 3}
    with serving(lambda _p, number: (401, {}, "{}") if number > 3 else limited) as server:
        configure(project, chat(server.url))
        assert run("run", "c.yaml", "--run", "other", cwd=project).returncode == 77


def test_a_server_that_is_repaired_is_asked_again(project: Path) -> None:
    """Refusals before any answer may be the server's fault: they are not final."""
    refusing = {"on": True}
    answered = answering()
    with serving(lambda p, n: (400, {}, '{"error": "broken"}') if refusing["on"] else answered(p, n)) as server:
        configure(project, chat(server.url))
        assert run("run", "c.yaml", cwd=project).returncode == 78
        refusing["on"] = False
        assert run("run", "c.yaml", cwd=project).returncode == 0
    assert len(_replied(project / "runs/c")) == 12


def test_a_mistake_found_late_leaves_no_run_behind(project: Path) -> None:
    """A recipe that is none, a corpus that is not there: config.yaml must not freeze what never worked."""
    for flag in ("generate.recipe=nope", "sample.corpora=[{type: local, path: nowhere}]"):
        assert run("run", "c.yaml", "--set", flag, cwd=project).returncode == 78
        assert not (project / "runs/c/config.yaml").exists()


def test_a_config_is_read_once(project: Path) -> None:
    """A pipe can be read no second time."""
    here = "--set 'sample.corpora=[{type: local, path: code}]'"
    command = f"{PYTHON} -m magicoder_gen run <(cat c.yaml) --run piped {here}"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    done = subprocess.run(["bash", "-c", command], cwd=project, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "type: scripted" in (project / "piped" / "config.yaml").read_text()


def test_without_a_terminal_at_all(project: Path) -> None:
    """A process without stderr, as some schedulers start them, runs to its end."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    command = f"{PYTHON} -m magicoder_gen run c.yaml >&- 2>&-"
    assert subprocess.run(["sh", "-c", command], cwd=project, env=environment, check=False).returncode == 0


def test_looking_at_what_is_no_run(project: Path) -> None:
    """2, also for an id that no row has; a garbled heartbeat does not matter."""
    assert run("status", "code", cwd=project).returncode == 2
    run("run", "c.yaml", cwd=project)
    assert run("show", "runs/c", "ffff", cwd=project).returncode == 2
    (project / "runs/c/status.json").write_text("{")
    assert run("status", "runs/c", cwd=project).returncode == 0


def test_generate_without_seeds_says_what_to_run_first(project: Path) -> None:
    """78."""
    done = run("generate", "c.yaml", cwd=project)
    assert done.returncode == 78
    assert "run `magicoder-gen sample" in done.stderr


def test_init_writes_what_doctor_and_run_accept(project: Path) -> None:
    """The starter works as it is but for the teacher; a second init replaces nothing."""
    assert run("init", "mine", cwd=project).returncode == 0
    assert run("init", "mine", cwd=project).returncode == 73
    with serving(answering()) as server:
        flags = [
            "--set",
            "sample.corpora=[{type: local, path: code}]",
            "--base-url",
            server.url,
            "--model",
            "test-model",
        ]
        flags += ["--num", 5, "--set", "generate.teacher.api_key_env=TEST_KEY"]
        done = run("run", "mine/config.yaml", *flags, cwd=project)
        assert done.returncode == 0, done.stderr
        examined = run("doctor", "runs/mine/config.yaml", "--json", cwd=project)
    assert examined.returncode == 0, examined.stdout
    assert {finding["verdict"] for finding in json.loads(examined.stdout)["findings"]} <= {"ok", "warning"}
    assert len(lines(project / "runs/mine/samples")) == 5


def test_doctor_names_what_is_missing(project: Path, unused_port: int) -> None:
    """The first failed check gives the exit code."""
    configure(project, chat(f"http://127.0.0.1:{unused_port}/v1", api_key_env="NOT_SET"))
    done = run("doctor", "c.yaml", cwd=project)
    assert done.returncode == 77
    assert "failed   key: no key: set the environment variable NOT_SET" in done.stdout


def test_show_gives_the_lineage_of_a_row(project: Path) -> None:
    """Origin, snippet, problem, solution; without an id, the first rows; control codes never reach a terminal."""
    hostile = "[Problem Description]\nClear\x1b[2J \x1b]0;title\x07it\n[Solution]\n```python\nprint()\n```"
    configure(project, {"type": "scripted", "replies": [*ANSWERS[:11], hostile]})
    run("run", "c.yaml", cwd=project)
    rows = lines(project / "runs/c/samples")
    shown = run("show", "runs/c", rows[-1]["id"], cwd=project).stdout
    assert rows[-1]["seed"]["origin"]["path"] in shown
    assert "Clear it" in shown
    assert "\x1b" not in shown
    assert run("show", "runs/c", "-n", 2, cwd=project).stdout.count("=== ") == 2


def test_log_lines_can_be_json(project: Path) -> None:
    """One object a line on stderr; stdout holds the result alone."""
    run("run", "c.yaml", cwd=project)
    again = run("run", "c.yaml", "--log-format", "json", "--json", cwd=project)
    assert all(json.loads(line)["event"] for line in again.stderr.strip().split("\n"))
    assert set(json.loads(again.stdout)["stages"]) == {"sample", "generate", "clean", "export"}


def test_a_closed_stdout_does_not_undo_a_finished_run(project: Path) -> None:
    """`magicoder-gen run | head -0` leaves a complete run."""
    with start("run", "c.yaml", cwd=project) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(60) == 0
    assert json.loads((project / "runs/c/manifest.json").read_text())["export"]["state"] == "complete"


def test_help_needs_nothing_heavy(project: Path) -> None:
    """What `--help` imports is small: no library for data, network or models."""
    code = (
        "import sys\nfrom magicoder_gen import cli\n"
        "try:\n    cli.cli.main(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'openai', 'datasets', 'pyarrow', 'numpy', 'jinja2', 'tiktoken', 'aiohttp', 'yaml', 'msgspec'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=project, capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == "[]"
    assert "sample" in done.stdout
