"""What is said on stderr: no secret, no control code, no more often than wanted."""

import json
import logging
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from magicoder_gen import logs
from magicoder_gen.records import Traffic
from magicoder_gen.storage.rundir import RunDir

logger = logging.getLogger("magicoder_gen")


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_no_line_shows_a_key(log_format: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither in a message nor in a traceback, neither the known key nor what looks like one."""
    logs.setup(log_format, secrets=["canary-4711"])
    try:
        raise ValueError("Authorization: Bearer abc.def and canary-4711 and sk-proj-abcdefgh1234, hf_aBcDeFgHiJkLmNoP")
    except ValueError:
        logger.exception("failed with api_key=canary-4711")
    said = capsys.readouterr().err
    assert "failed" in said
    assert not any(secret in said for secret in ("canary-4711", "abc.def", "sk-proj", "hf_aB"))


def test_json_lines_are_objects(capsys: pytest.CaptureFixture[str]) -> None:
    """With time, level and event."""
    logs.setup("json")
    logger.warning("one\x1b[31m line")
    entry = json.loads(capsys.readouterr().err)
    assert (entry["level"], entry["event"]) == ("warning", "one line")
    assert entry["ts"].endswith("+00:00")


@pytest.mark.parametrize("level", [logging.INFO, logging.ERROR])
def test_a_message_is_one_line(level: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever the names of files and columns in it; a traceback is several."""
    logs.setup("text")
    logger.log(level, "%s is damaged", "a\nb\r\x1b[31m\u2028.jsonl")
    assert capsys.readouterr().err.removeprefix("ERROR ") == "a\\nb\\r\\x1b[31m\\u2028.jsonl is damaged\n"
    try:
        raise ValueError("oh\nno\x1b[2J")
    except ValueError:
        logger.exception("failed")
    said = capsys.readouterr().err
    assert "ValueError: oh\nno\n" in said
    assert said.startswith("ERROR failed\nTraceback")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\n\ttext", "plain\n\ttext"),
        ("\x1b[2J\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07x", "x"),
        ("\x1b]8;;http://evil\x1b\\link", "link"),
        ("a\rb\x00c\x9b31md", "ab" + "c31md"),
        ("a\u202eb\u2066c\u200fd\u061c", r"a\u202eb\u2066c\u200fd\u061c"),
        ("\U000e0041\ufeff", r"\U000e0041\ufeff"),
        ("\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u200c\u062e"),
    ],
)
def test_text_for_a_terminal_has_no_control_codes(text: str, shown: str) -> None:
    """Generated text cannot move the cursor, set a title, hide a link or run backwards; what scripts need stays."""
    assert logs.printable(text) == shown


def traffic(replies: int, *, cost: float | None) -> Traffic:
    """So many answers, and two prompts that failed."""
    return Traffic(replies + 3, replies, {"http_500": 2}, 1, None, 100, 200, cost)


def test_without_a_terminal_there_is_a_line_a_minute_and_a_heartbeat(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """However often a stage reports: failures, the rate of the last minute, the cost so far and in the end."""
    logs.setup("text")
    now = [0.0]
    run = RunDir(tmp_path)
    progress = logs.StageProgress("generate", run, terminal=False, clock=lambda: now[0])
    for second in range(181):
        now[0] = float(second)
        progress.update(2 * second, 500, in_flight=7, traffic=traffic(2 * second, cost=0.01 * second))
    lines = capsys.readouterr().err.strip().split("\n")
    assert lines == [
        f"generate: {done} of 500, {cost} of about $2.50, 2 failed, 7 under way, 120/min"
        for done, cost in ((120, "$0.6000"), (240, "$1.20"), (360, "$1.80"))
    ]
    beat = run.status()
    assert beat is not None
    assert (beat.stage, beat.done, beat.total, beat.pending) == ("generate", 360, 500, 133)
    assert (beat.in_flight, beat.cost) == (7, pytest.approx(1.8))
    assert 'magicoder_gen_cost_usd_total{run="' in (tmp_path / "metrics.prom").read_text()
    progress.close()
    assert (run.status() or beat).in_flight == 0


@pytest.mark.parametrize(("cost", "said"), [(None, "cost unknown, "), (0.0, "")])
def test_an_unknown_cost_is_not_none(cost: float | None, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """And where nothing is paid, nothing is said of it."""
    logs.setup("text")
    now = [0.0]
    with TemporaryDirectory() as folder:
        progress = logs.StageProgress("generate", RunDir(Path(folder)), terminal=False, clock=lambda: now[0])
        progress.update(0, 10, traffic=traffic(0, cost=None))
        now[0] = 60.0
        progress.update(5, 10, traffic=traffic(5, cost=cost))
    assert capsys.readouterr().err == f"generate: 5 of 10, {said}2 failed, 5/min\n"


def test_on_a_terminal_there_is_a_bar(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And it is gone at the end."""
    progress = logs.StageProgress("sample", RunDir(tmp_path), terminal=True)
    progress.update(5, 10)
    progress.close()
    assert "sample" in capsys.readouterr().err


def test_a_narrow_terminal_shows_the_cost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On 80 columns too, of a long run: money comes before all that may be cut off."""
    monkeypatch.setenv("COLUMNS", "80")
    progress = logs.StageProgress("generate", RunDir(tmp_path), terminal=True)
    progress.update(100_000, 150_000, in_flight=18, traffic=traffic(100_000, cost=1000.0))
    time.sleep(0.2)  # a bar is drawn ten times a second
    progress.update(104_857, 150_000, in_flight=18, traffic=traffic(104_857, cost=1048.57))
    progress.close()
    said = capsys.readouterr().err
    assert "$1,048.57 of about $1,500.00, 2 f" in said
    assert "in flight" not in said


def test_what_is_no_stage_says_a_line_a_minute(capsys: pytest.CaptureFixture[str]) -> None:
    """And nothing before one is over; of how many, if that is known."""
    logs.setup("text")
    now = [0.0]
    lines = logs.Lines("categories", clock=lambda: now[0])
    for second, done, total in ((59.0, 1, 9), (61.0, 2, 9), (100.0, 3, 9), (122.0, 4, None)):
        now[0] = second
        lines.update(done, total)
    assert capsys.readouterr().err == "categories: 2 of 9\ncategories: 4\n"


def test_a_line_stays_one_line() -> None:
    """Whatever ends a line or cannot be seen is an escape; other scripts stay as they are."""
    assert logs.one_line("a b\n\r\x1b\u2028\x85é漢") == "a b\\n\\r\\x1b\\u2028\\x85é漢"
