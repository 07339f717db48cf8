"""What goes wrong with batches, by the request, by the line, by the batch: retried, judged, or told in one line."""

import json
from pathlib import Path
from typing import Any

import pytest
from batch_runs import COMMAND, assert_each_once, failures, prepare, requests
from batch_server import BatchServer, serving
from command import KEY, answering, replied, run


@pytest.mark.parametrize("verdict", ["expired", "cancelled"])
def test_what_a_batch_left_out_goes_into_another(seeded: Path, provider: BatchServer, verdict: str) -> None:
    """What has an answer is taken; the others are asked again, and were not paid."""
    provider.verdict, provider.leave_out = [verdict, "completed"], 5
    prepare(seeded, provider.url, wait=None)
    done = run(*COMMAND, cwd=seeded)
    assert done.returncode == 0, done.stderr
    assert sorted(provider.asked.values()) == [1] * 7 + [2] * 5
    assert len(replied(seeded / "r")) == 12
    assert requests(seeded) == 12


def test_a_prompt_that_no_batch_answers_is_given_up(seeded: Path, provider: BatchServer) -> None:
    """After `attempts` batches it is a failure, which a later command asks again."""
    provider.status("expired")
    provider.leave_out = 5
    prepare(seeded, provider.url, wait=None, attempts=2)
    done = run(*COMMAND, cwd=seeded)
    assert done.returncode == 3, done.stderr
    assert "batch_expired 3" in done.stderr or "batch_expired 5" in done.stderr
    provider.status("completed")
    assert run(*COMMAND, cwd=seeded).returncode == 0
    assert len(replied(seeded / "r")) == 12


def test_errors_of_single_requests_are_judged(seeded: Path) -> None:
    """Too long is final, a server error goes into another batch, an answer that was cut off is an answer."""
    good = answering()
    kinds: dict[str, int] = {}

    def answers(prompt: str, number: int) -> Any:
        kind = kinds.setdefault(prompt, len(kinds))
        if kind == 0:
            return 400, {}, '{"error": {"code": "context_length_exceeded", "message": "too long"}}'
        if kind < 4 and number == 1:
            status = (429, 500, 503)[kind - 1]
            return status, {}, '{"error": {"message": "later"}}'
        answer: dict[str, Any] = good(prompt, number)
        if kind == 5:
            answer["choices"][0]["finish_reason"] = "length"
        return answer

    with serving(answers) as server:
        prepare(seeded, server.url, wait=None)
        done = run(*COMMAND, cwd=seeded)
        assert done.returncode == 0, done.stderr
        assert sorted(server.asked.values()) == [1] * 9 + [2] * 3
        (failure,) = failures(seeded)
        assert (failure["kind"], failure["final"]) == ("context_length", True)
        reasons = [json.loads(line)["record"]["finish_reason"] for line in replied(seeded / "r")]
        assert sorted(reasons) == ["length"] + ["stop"] * 10
        assert len(server.batches) == 2


def test_a_refused_request_that_stops_the_run_says_why(seeded: Path) -> None:
    """An empty account: what was answered is kept, and the command can be run again."""
    good = answering()
    broke = (429, {}, '{"error": {"code": "insufficient_quota", "message": "pay first"}}')
    seen: set[str] = set()

    def answers(prompt: str, number: int) -> Any:
        seen.add(prompt)
        return broke if len(seen) > 8 and number == 1 else good(prompt, number)

    with serving(answers) as server:
        prepare(seeded, server.url, wait=None)
        done = run(*COMMAND, cwd=seeded)
        assert done.returncode == 75
        assert "pay first" in done.stderr
        assert len(replied(seeded / "r")) == 8
        assert run(*COMMAND, cwd=seeded).returncode == 0
    assert len(replied(seeded / "r")) == 12


def test_too_many_tokens_at_once_are_handed_in_later(seeded: Path, provider: BatchServer) -> None:
    """A batch refused for the sake of others that are under way is handed in when they are done."""
    provider.verdict = ["completed", "failed", "completed"]
    provider.error = {"code": "token_limit_exceeded", "message": "Enqueued token limit reached", "line": None}
    prepare(seeded, provider.url, wait=None, max_requests=6)
    done = run(*COMMAND, cwd=seeded)
    assert done.returncode == 0, done.stderr
    assert len(provider.batches) == 3
    assert_each_once(seeded, provider)


def test_a_batch_that_has_too_many_tokens_of_its_own(seeded: Path, provider: BatchServer) -> None:
    """75 with the remedy; smaller batches are made of it."""
    provider.status("failed")
    provider.error = {"code": "token_limit_exceeded", "message": "Enqueued token limit reached", "line": None}
    prepare(seeded, provider.url, wait=None)
    done = run(*COMMAND, cwd=seeded)
    assert done.returncode == 75, done.stderr
    assert "lower generate.teacher.max_requests" in done.stderr
    provider.status("completed")
    assert run(*COMMAND, "--set", "generate.teacher.max_requests=6", cwd=seeded).returncode == 0
    assert len(provider.batches) == 3


def test_a_batch_that_is_refused_says_why_and_where(seeded: Path, provider: BatchServer) -> None:
    """78 with the provider's words, the file and its line; a mended configuration starts anew."""
    provider.status("failed")
    said = f"temperature is out of range, {KEY}"
    provider.error = {"code": "invalid_value", "message": said, "line": 3}
    prepare(seeded, provider.url, wait=None, temperature=9.0)
    done = run(*COMMAND, cwd=seeded)
    assert done.returncode == 78
    assert "temperature is out of range" in done.stderr
    assert "requests-00001.jsonl:3" in done.stderr
    assert KEY not in done.stderr
    assert not any(KEY in failure["message"] for failure in failures(seeded))
    provider.status("completed")
    prepare(seeded, provider.url, temperature=0.0, wait=None)
    again = run(*COMMAND, cwd=seeded)
    assert again.returncode == 0, again.stderr
    assert len(replied(seeded / "r")) == 12


def test_odd_lines_are_ignored_with_one_warning(seeded: Path, provider: BatchServer) -> None:
    """Torn, repeated, or of somebody else's prompts; a prompt whose line is torn is asked again."""

    def spoil(output: bytes) -> bytes:
        provider.spoil = lambda other: other
        first, second, *rest = output.removesuffix(b"\n").split(b"\n")
        return b"\n".join([first, first, b'{"custom_id": "stranger", "response": {}}', second[:50], b"", *rest]) + b"\n"

    provider.spoil = spoil
    prepare(seeded, provider.url, wait=None)
    done = run(*COMMAND, cwd=seeded)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("odd lines are ignored: 1 torn, 2 of no prompt that waits for an answer") == 1
    assert sorted(provider.asked.values()) == [1] * 11 + [2]
    assert len(replied(seeded / "r")) == 12


@pytest.mark.parametrize(
    ("call", "fault"),
    [
        ("POST files", (500, {"Retry-After": "0"}, "oops")),
        ("POST batches", (429, {"Retry-After": "0"}, '{"error": {"message": "slow down"}}')),
        ("GET batches", (503, {"retry-after-ms": "1"}, "busy")),
        ("GET files", (500, {"Retry-After": "0"}, "oops")),
    ],
)
def test_passing_trouble_is_retried(
    seeded: Path, provider: BatchServer, call: str, fault: tuple[int, dict[str, str], str]
) -> None:
    """Every call is made again after an error of the provider, at the time it asks for."""
    provider.faults = {call: [fault] * 2}
    prepare(seeded, provider.url, wait=None)
    done = run(*COMMAND, cwd=seeded)
    assert done.returncode == 0, done.stderr
    assert provider.calls[call] >= 3
    assert_each_once(seeded, provider)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ((401, {}, f'{{"error": {{"message": "bad key {KEY}"}}}}'), 77),
        ((403, {}, "{}"), 77),
        ((404, {}, "nothing here"), 78),
        ((400, {}, '{"error": {"message": "no batches here"}}'), 78),
        ((429, {}, '{"error": {"code": "insufficient_quota", "message": "pay"}}'), 75),
        ((302, {"Location": "http://127.0.0.1:9/"}, ""), 78),
    ],
)
def test_what_stops_the_run_is_one_line(
    seeded: Path, provider: BatchServer, fault: tuple[int, dict[str, str], str], code: int
) -> None:
    """With its exit code and without the key; later the same command goes on."""
    provider.faults = {"POST files": [fault]}
    prepare(seeded, provider.url, wait=None)
    done = run(*COMMAND, cwd=seeded)
    assert done.returncode == code, done.stderr
    assert KEY not in done.stderr
    assert "Traceback" not in done.stderr
    assert run(*COMMAND, cwd=seeded).returncode == 0
    assert_each_once(seeded, provider)


def test_nobody_listens(seeded: Path, unused_port: int) -> None:
    """69 when `patience` is over."""
    prepare(seeded, f"http://127.0.0.1:{unused_port}/v1", patience=0)
    done = run(*COMMAND, cwd=seeded)
    assert done.returncode == 69, done.stderr


def test_no_key(seeded: Path, provider: BatchServer) -> None:
    """77 before anything is done; nothing is wanted where nothing is sent."""
    prepare(seeded, provider.url, api_key_env="NO_SUCH_VARIABLE")
    assert run(*COMMAND, cwd=seeded).returncode == 77
    assert not provider.calls
    assert run(*COMMAND, "--set", "generate.teacher.write_only=true", cwd=seeded).returncode == 75


def test_a_missing_output_file_is_one_line(seeded: Path) -> None:
    """78, with its path."""
    prepare(seeded, "http://127.0.0.1:9/v1", collect=["nowhere.jsonl"])
    done = run(*COMMAND, cwd=seeded)
    assert done.returncode == 78
    assert "nowhere.jsonl" in done.stderr
