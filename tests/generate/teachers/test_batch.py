"""Batches, through the command line: hand in, exit, collect; whatever happens, nothing is lost or handed in twice."""

import json
import re
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
from batch_runs import COMMAND, assert_each_once, failures, prepare
from batch_server import BatchServer
from command import KEY, ROOT, answering, replied, run, start

from magicoder_gen.generate.prices import Price
from magicoder_gen.generate.teachers.batch import Batch


def test_one_command_hands_in_and_another_collects(seeded: Path, provider: BatchServer) -> None:
    """75 while the batch is under way, 0 once it is done; usage, model and cost are kept, the key is nowhere."""
    provider.status("in_progress")
    prepare(seeded, provider.url, price={"input": 1.0, "output": 2.0})
    first = run(*COMMAND, cwd=seeded)
    assert first.returncode == 75, first.stderr
    assert "batch_0" in first.stderr
    again = run(*COMMAND, cwd=seeded)
    assert again.returncode == 75
    assert re.search("^as planned: 1 of 1 batches under way .* the same command collects$", again.stderr, re.MULTILINE)
    provider.status("completed")
    last = run(*COMMAND, cwd=seeded)
    assert last.returncode == 0, last.stderr
    assert_each_once(seeded, provider)
    reply = json.loads(replied(seeded / "r")[0])["record"]
    assert (reply["model"], reply["finish_reason"], reply["attempts"]) == ("test-model-0613", "stop", 1)
    assert reply["cost"] == pytest.approx((100 * 1.0 + 50 * 2.0) / 1e6)
    assert all(header["Authorization"] == f"Bearer {KEY}" for header in provider.headers)
    files = [path.read_bytes() for path in seeded.rglob("*") if path.is_file()]
    assert not any(KEY.encode() in content for content in [*files, first.stderr.encode(), last.stderr.encode()])
    assert [path.name for path in (seeded / "r" / "replies" / "batches").glob("*.jsonl")] == []


def test_what_is_in_a_batch_is_not_asked_by_chat(seeded: Path, provider: BatchServer) -> None:
    """It would be paid twice: the command says how to collect it, or how to give it up."""
    provider.status("in_progress")
    prepare(seeded, provider.url)
    assert run(*COMMAND, cwd=seeded).returncode == 75
    chat = f"{{type: chat, model: test-model, base_url: '{provider.url}', api_key_env: TEST_KEY}}"
    other = run(*COMMAND, "--set", f"generate.teacher={chat}", cwd=seeded)
    assert (other.returncode, "wait in batches; collect them" in other.stderr) == (78, True)


def test_one_command_can_wait_for_everything(seeded: Path, provider: BatchServer) -> None:
    """With `wait: null` nobody needs to come back."""
    prepare(seeded, provider.url, wait=None)
    done = run(*COMMAND, cwd=seeded)
    assert done.returncode == 0, done.stderr
    assert_each_once(seeded, provider)


@pytest.mark.parametrize("step", ["upload", "uploaded", "create", "created"])
def test_a_kill_at_any_step_loses_nothing_and_hands_in_nothing_twice(
    seeded: Path, provider: BatchServer, step: str
) -> None:
    """The same command takes the step that was not made, and finds the batch whose name it never heard."""
    prepare(seeded, provider.url, wait=None)
    provider.hang = {step}
    with start(*COMMAND, cwd=seeded) as process:
        assert provider.reached.wait(30)
        process.kill()
        process.communicate(timeout=30)
    provider.hang = set()
    done = run(*COMMAND, cwd=seeded)
    assert done.returncode == 0, done.stderr
    assert len(provider.batches) == 1
    assert_each_once(seeded, provider)


def test_a_batch_that_was_begun_in_spite_of_an_error_is_found(seeded: Path, provider: BatchServer) -> None:
    """A 500 does not mean that nothing was handed in."""
    provider.forgetful = True
    prepare(seeded, provider.url, wait=None)
    done = run(*COMMAND, cwd=seeded)
    assert done.returncode == 0, done.stderr
    assert provider.calls["POST batches"] == 1
    assert_each_once(seeded, provider)


def test_a_run_grows_while_a_batch_is_under_way(seeded: Path, provider: BatchServer) -> None:
    """Only what is new is handed in."""
    provider.status("in_progress")
    prepare(seeded, provider.url)
    assert run("sample", "c.yaml", "--run", "r", cwd=seeded).returncode == 0  # from the corpus where it lies now
    assert run(*COMMAND, cwd=seeded).returncode == 75
    more = ("--set", "sample.num=15")
    assert run("sample", "c.yaml", "--run", "r", *more, cwd=seeded).returncode == 0
    provider.status("completed")
    done = run(*COMMAND, *more, "--set", "generate.teacher.wait=null", cwd=seeded)
    assert done.returncode == 0, done.stderr
    assert len(provider.batches) == 2
    assert_each_once(seeded, provider, replies=15)


def test_a_kill_while_answers_are_read_repeats_none(seeded: Path, provider: BatchServer) -> None:
    """What the journal has of a batch that was half read is not taken once more."""
    prepare(seeded, provider.url)
    provider.status("in_progress")
    assert run(*COMMAND, cwd=seeded).returncode == 75
    provider.status("completed")
    provider.hang = {"upload"}
    provider.spoil = lambda output: b"\n".join(output.split(b"\n")[:5]) + b"\n"
    with start(*COMMAND, cwd=seeded) as process:  # the 7 that are missing wait for another batch
        assert provider.reached.wait(30)
        process.kill()
        process.communicate(timeout=30)
    assert len(replied(seeded / "r")) == 5
    provider.hang, provider.spoil = set(), lambda output: output
    done = run(*COMMAND, "--set", "generate.teacher.wait=null", cwd=seeded)
    assert done.returncode == 0, done.stderr
    assert sorted(provider.asked.values()) == [1] * 5 + [2] * 7
    assert len(replied(seeded / "r")) == 12


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_wait(seeded: Path, provider: BatchServer, number: signal.Signals) -> None:
    """At once, resumable; the batch goes on without us."""
    provider.status("in_progress")
    prepare(seeded, provider.url, wait=None, poll_interval=30.0)
    with start(*COMMAND, cwd=seeded) as process:
        while "is handed in" not in (process.stderr.readline() if process.stderr else ""):
            assert process.poll() is None
        process.send_signal(number)
        process.communicate(timeout=20)
    assert process.returncode == 128 + number
    provider.status("completed")
    assert run(*COMMAND, cwd=seeded).returncode == 0
    assert_each_once(seeded, provider)


@pytest.mark.parametrize("limit", [{"max_requests": 5}, {"max_bytes": 8000}])
def test_batches_keep_the_limits_of_the_provider(seeded: Path, provider: BatchServer, limit: dict[str, int]) -> None:
    """As many files as it takes, none over the limit, no prompt in two."""
    prepare(seeded, provider.url, wait=None, **limit)
    done = run(*COMMAND, cwd=seeded)
    assert done.returncode == 0, done.stderr
    files = [provider.files[one["input_file_id"]] for one in provider.batches.values()]
    assert len(files) >= 2
    assert all(len(content) <= limit.get("max_bytes", 10**9) for content in files)
    assert all(content.count(b"\n") <= limit.get("max_requests", 50_000) for content in files)
    assert_each_once(seeded, provider)


def test_limits_hold_and_do_not_keep_answers_from_being_collected(seeded: Path, provider: BatchServer) -> None:
    """After as many requests as allowed the rest is left: 75 while they are under way, then 4."""
    provider.status("in_progress")
    prepare(seeded, provider.url, generate={"limits": {"max_requests": 5}})
    assert run(*COMMAND, cwd=seeded).returncode == 75
    provider.status("completed")
    done = run(*COMMAND, cwd=seeded)
    assert done.returncode == 4, done.stderr
    assert_each_once(seeded, provider, replies=5)


def test_another_configuration_does_not_forget_what_is_under_way(seeded: Path, provider: BatchServer) -> None:
    """It is refused until the answers are collected, which are paid; more seeds are welcome."""
    provider.status("in_progress")
    prepare(seeded, provider.url)
    assert run(*COMMAND, cwd=seeded).returncode == 75
    other = run(*COMMAND, "--set", "generate.teacher.model=other", cwd=seeded)
    assert other.returncode == 78
    assert "12 prompts handed in" in other.stderr
    provider.status("completed")
    assert run(*COMMAND, cwd=seeded).returncode == 0
    assert_each_once(seeded, provider)


def output_of(path: Path, answers: Any) -> str:
    """What `vllm run-batch` writes for a file of requests; the last request is refused."""
    asked = [json.loads(line) for line in path.read_text().split("\n") if line]
    assert all((line["method"], line["url"]) == ("POST", "/v1/chat/completions") for line in asked)
    results = [
        {
            "id": f"vllm-{number}",
            "custom_id": line["custom_id"],
            "response": {"status_code": 200, "request_id": "r", "body": answers(str(line["body"]["messages"]), 1)},
            "error": None,
        }
        for number, line in enumerate(asked[:-1])
    ]
    refused = {"error": {"message": "maximum context length is 10 tokens", "type": "BadRequestError", "code": 400}}
    results.append(
        {
            "id": "vllm-x",
            "custom_id": asked[-1]["custom_id"],
            "response": {"status_code": 400, "request_id": "r", "body": None},
            "error": refused,
        }
    )
    return "".join(json.dumps(one) + "\n" for one in results)


def test_requests_are_written_and_answers_collected_by_path(seeded: Path) -> None:
    """Without a network: files of requests, run elsewhere, and their output."""
    prepare(seeded, "http://127.0.0.1:9/v1", write_only=True, max_requests=7, api_key_env=None)
    written = run(*COMMAND, cwd=seeded)
    assert written.returncode == 75, written.stderr
    files = sorted((seeded / "r" / "replies" / "batches").glob("requests-*.jsonl"))
    assert len(files) == 2
    assert all(path.name in written.stderr for path in files)
    assert "ERROR" not in written.stderr
    answers = answering()
    for number, path in enumerate(files):
        (seeded / f"out-{number}.jsonl").write_text(output_of(path, answers))
    half = run(*COMMAND, "--set", "generate.teacher.collect=[out-0.jsonl]", cwd=seeded)
    assert half.returncode == 75, half.stderr
    assert "5 prompts have no answer" in half.stderr
    assert "ignored" not in half.stderr
    both = run(*COMMAND, "--set", "generate.teacher.collect=[out-0.jsonl, out-1.jsonl]", cwd=seeded)
    assert both.returncode == 3, both.stderr  # 2 of 12 were refused
    assert len(replied(seeded / "r")) == 10
    assert {failure["kind"] for failure in failures(seeded)} == {"context_length"}
    assert "ignored" not in both.stderr


def test_a_file_of_requests_stays_until_it_is_answered(seeded: Path) -> None:
    """Neither the same command nor the collecting of a part removes it; then what is left is written by itself."""
    prepare(seeded, "http://127.0.0.1:9/v1", write_only=True)
    folder = seeded / "r" / "replies" / "batches"
    assert run(*COMMAND, cwd=seeded).returncode == 75
    first = (folder / "requests-00001.jsonl").read_bytes()
    assert run(*COMMAND, cwd=seeded).returncode == 75
    some = output_of(folder / "requests-00001.jsonl", answering()).split("\n")[:4]
    (seeded / "out.jsonl").write_text("\n".join([*some, '{"custom_id": "stranger"}']) + "\n")
    part = run(*COMMAND, "--set", "generate.teacher.collect=[out.jsonl]", cwd=seeded)
    assert "odd lines are ignored: 1 of no prompt that waits for an answer\n" in part.stderr
    assert (folder / "requests-00001.jsonl").read_bytes() == first
    assert run(*COMMAND, cwd=seeded).returncode == 75
    assert [path.name for path in folder.glob("requests-*")] == ["requests-00002.jsonl"]
    assert (folder / "requests-00002.jsonl").read_bytes().count(b"\n") == 8


def test_collecting_by_path_keeps_limits(seeded: Path) -> None:
    """What was written is collected; the limit keeps the rest from being asked."""
    prepare(seeded, "http://127.0.0.1:9/v1", generate={"limits": {"max_requests": 5}}, write_only=True)
    assert run(*COMMAND, cwd=seeded).returncode == 75
    folder = seeded / "r" / "replies" / "batches"
    (seeded / "out.jsonl").write_text(output_of(folder / "requests-00001.jsonl", answering()))
    (folder / "requests-00007.jsonl.part").write_text("left over")
    done = run(*COMMAND, "--set", "generate.teacher.collect=[out.jsonl]", cwd=seeded)
    assert done.returncode == 4, done.stderr
    assert len(replied(seeded / "r")) == 4
    assert not list(folder.glob("requests-*"))


def test_answers_that_were_collected_are_not_handed_in(seeded: Path, provider: BatchServer) -> None:
    """A file that was written, answered in part elsewhere, and then sent after all."""
    prepare(seeded, provider.url, write_only=True)
    assert run(*COMMAND, cwd=seeded).returncode == 75
    (path,) = (seeded / "r" / "replies" / "batches").glob("requests-*.jsonl")
    some = output_of(path, answering()).split("\n")[:4]
    (seeded / "out.jsonl").write_text("\n".join(some) + "\n")
    half = run(*COMMAND, "--set", "generate.teacher.collect=[out.jsonl]", cwd=seeded)
    assert half.returncode == 75, half.stderr
    sets = ("--set", "generate.teacher.write_only=false", "--set", "generate.teacher.wait=null")
    assert run(*COMMAND, *sets, cwd=seeded).returncode == 0
    assert provider.asked.total() == 8
    assert len(replied(seeded / "r")) == 12


def test_the_list_price_is_halved() -> None:
    """For OpenAI's own URL; a configured price is what is billed, and elsewhere it is unknown."""
    assert Batch(model="gpt-4o-mini").known_price() == Price(input=0.075, output=0.3)
    assert Batch(price=Price(input=1.0, output=2.0)).known_price() == Price(input=1.0, output=2.0)
    assert Batch(base_url="http://127.0.0.1:9/v1").known_price() is None
    assert Batch(write_only=True).known_price() is None


def test_the_page_is_true(seeded: Path, provider: BatchServer) -> None:
    """The configurations of docs/batch.md do what it says: hand in, write."""
    page = (Path(ROOT) / "docs" / "batch.md").read_text(encoding="utf-8")
    here = ("--set", f"generate.teacher.base_url={provider.url}", "--set", "sample.corpora=[{type: local, path: code}]")
    configs = re.findall(r"^```yaml\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    assert len(configs) == 2
    for number, config in enumerate(configs):
        (seeded / "c.yaml").write_text(config)
        shutil.copytree(seeded / "r", seeded / f"r{number}")
        command = ("generate", "c.yaml", "--run", f"r{number}", *here, "--set", "sample.num=12")
        done = run(*command, cwd=seeded, OPENAI_API_KEY=KEY)
        assert done.returncode == 75, done.stderr
    assert run(*command, cwd=seeded).returncode == 75
    assert len(provider.batches) == 1
    assert (seeded / "r1" / "replies" / "batches" / "requests-00001.jsonl").exists()
