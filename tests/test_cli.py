"""What a user is told: one line that says what to do, and the exit code that schedulers see."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from command import (
    ANSWERS,
    KEY,
    PYTHON,
    ROOT,
    answering,
    chat,
    configure,
    lines,
    run,
    start,
    wait_for,
)
from loopback import serving


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


def test_a_runs_own_settings_of_another_version_are_said_to_be_its_own(project: Path) -> None:
    """What to do about a key that is gone; a mistake in a flag is not blamed on the file."""
    assert run("sample", "c.yaml", cwd=project).returncode == 0
    own = project / "runs/c/config.yaml"
    own.write_text(own.read_text().replace("rng_seed:", "old_key: 1\nrng_seed:"))
    for named in (("--run", "runs/c"), ("runs/c", "--run", "runs/c")):
        done = run("sample", *named, cwd=project)
        assert done.returncode == 78
        assert "config.yaml:2: old_key: unknown key; " in done.stderr
        assert "this is the run's own copy, perhaps by another version: delete the key there, or use" in done.stderr
    own.write_text(own.read_text().replace("old_key: 1\n", ""))
    flag = run("sample", "--run", "runs/c", "--set", "old_key=1", cwd=project)
    assert (flag.returncode, "own copy" in flag.stderr) == (78, False)


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
        wait_for((project / "runs/c/replies").exists)
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


def test_nothing_usable_is_3(project: Path) -> None:
    """A teacher that never keeps the format: the reasons are on the table."""
    configure(project, {"type": "scripted", "replies": ["Sorry, I cannot."]})
    done = run("run", "c.yaml", cwd=project)
    assert done.returncode == 3
    assert "parse:refusal" in done.stdout
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


def test_rate_limits_for_ever_end_at_the_time_limit(project: Path) -> None:
    """And what is wrong for all, as a refused key, ends the waiting of the others."""
    limited = (429, {"Retry-After": "0.05"}, '{"error": {"message": "slow down"}}')
    with serving(lambda _p, _n: limited) as server:
        configure(project, chat(server.url))
        flags = ("--set", "generate.limits={max_duration: 3, grace: 0.2}")
        done = run("run", "c.yaml", *flags, cwd=project)
        assert done.returncode == 4, done.stderr
        assert "slow down" in done.stderr
    with serving() as server:
        server.seconds = 6
        configure(project, chat(server.url))
        flags = ("--set", "generate.limits={max_duration: 4}")
        assert run("run", "c.yaml", "--run", "just", *flags, cwd=project).returncode in {0, 3}
    with serving(lambda _p, number: (401, {}, "{}") if number > 3 else limited) as server:
        configure(project, chat(server.url))
        assert run("run", "c.yaml", "--run", "other", cwd=project).returncode == 77


def test_a_mistake_found_late_leaves_no_run_behind(project: Path) -> None:
    """A recipe that is none, a corpus that is not there or lacks its column: nothing that never worked is kept."""
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist([{"code": "a"}]), project / "rows.parquet")
    columns = "sample.corpora=[{type: tables, paths: [rows.parquet], language: python, text: content}]"
    for flag in ("generate.recipe=nope", "sample.corpora=[{type: local, path: nowhere}]", columns):
        assert run("run", "c.yaml", "--set", flag, cwd=project).returncode == 78
        assert not (project / "runs").exists()


def test_a_config_is_read_once(project: Path) -> None:
    """A pipe can be read no second time."""
    here = "--set 'sample.corpora=[{type: local, path: code}]'"
    command = f"{PYTHON} -m magicoder_gen run <(cat c.yaml) --run piped {here}"
    environment = {**os.environ, "PYTHONPATH": ROOT}
    done = subprocess.run(["bash", "-c", command], cwd=project, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "type: scripted" in (project / "piped" / "config.yaml").read_text()


def test_without_a_terminal_at_all(project: Path) -> None:
    """A process without stderr, as some schedulers start them, runs to its end."""
    environment = {**os.environ, "PYTHONPATH": ROOT}
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
    assert "run `sample` with the same configuration" in done.stderr


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
    """The first failed check gives the exit code; of each endpoint it is said once."""
    url = f"http://127.0.0.1:{unused_port}/v1"
    configure(project, chat(url, api_key_env="NOT_SET"))
    done = run("doctor", "c.yaml", cwd=project)
    assert done.returncode == 77
    said = f"failed   test-model at {url}: no key: set the environment variable NOT_SET"
    assert [line.startswith(said) for line in done.stdout.split("\n") if "NOT_SET" in line] == [True]


def test_doctor_looks_at_what_the_semantic_tier_asks(project: Path, unused_port: int) -> None:
    """Embeddings, judge and its endpoint; without a judge it warns that similarity alone decides."""
    (project / "exam.jsonl").write_text('{"text": "a task"}\n')
    embeddings = {"type": "endpoint", "model": "e", "base_url": "http://127.0.0.1:1/v1", "api_key_env": "NO_SUCH_KEY"}
    clean = {"decontaminate": {"semantic": {"benchmarks": {"exam": "exam.jsonl"}, "embeddings": embeddings}}}
    configure(project, {"type": "scripted", "replies": ["x"]}, clean=clean)
    alone = run("doctor", "c.yaml", cwd=project)
    assert (alone.returncode, "NO_SUCH_KEY" in alone.stdout) == (77, True)
    assert "warning  judge: none: similarity alone decides" in alone.stdout
    configure(
        project,
        {"type": "scripted", "replies": ["x"]},
        clean=clean,
        judge={"teacher": chat(f"http://127.0.0.1:{unused_port}/v1")},
    )
    judged = run("doctor", "c.yaml", cwd=project)
    assert "ok       judge: ready" in judged.stdout
    assert f"failed   test-model at http://127.0.0.1:{unused_port}/v1" in judged.stdout


def test_doctor_looks_at_what_tells_categories(project: Path) -> None:
    """Where an export asks for them."""
    categories = {"type": "sentences", "embeddings": {"type": "endpoint", "api_key_env": "NO_SUCH_KEY"}}
    for export, code in (({}, 0), ({"where": "category = 'Web'"}, 77)):
        configure(project, {"type": "local"}, categories=categories, export=export)
        findings = json.loads(run("doctor", "c.yaml", "--json", cwd=project).stdout)
        told = [finding for finding in findings["findings"] if finding["check"] == "categories"]
        assert [finding["exit_code"] for finding in told] == [code] * bool(code)


def test_doctor_looks_at_every_endpoint(project: Path, unused_port: int) -> None:
    """What each calls the model, its key, and whether it is there; batches are asked the same."""
    with serving() as server:
        there, gone = {"base_url": server.url}, {"base_url": f"http://127.0.0.1:{unused_port}/v1"}
        configure(
            project,
            {
                "type": "chat",
                "model": "test-model",
                "endpoints": [
                    {**there, "api_key_env": "TEST_KEY"},
                    {**there, "api_key_env": None, "model": "other"},
                    {**gone, "api_key_env": None},
                ],
            },
        )
        several = run("doctor", "c.yaml", cwd=project)
        configure(project, {"type": "batch", "model": "test-model", **there, "api_key_env": "TEST_KEY"})
        batch = run("doctor", "c.yaml", cwd=project)
    well = f"ok       test-model at {server.url}: reachable, key in $TEST_KEY, has the model\n"
    assert well in several.stdout
    assert f"warning  other at {server.url}: reachable, no key, but lists test-model\n" in several.stdout
    assert f"failed   test-model at {gone['base_url']}: Cannot connect" in several.stdout
    assert several.returncode == 69
    assert well in batch.stdout
    assert batch.returncode == 0


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
    environment = {**os.environ, "PYTHONPATH": ROOT}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=project, capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == "[]"
    assert "sample" in done.stdout
