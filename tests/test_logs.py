"""What is said on stderr: no secret, no control code, no more often than wanted."""

import json
import logging
from pathlib import Path

import pytest

from magicoder_gen import logs
from magicoder_gen.storage.rundir import RunDir

logger = logging.getLogger("magicoder_gen")


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_no_line_shows_a_key(log_format: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither in a message nor in a traceback, neither the known key nor what looks like one."""
    logs.setup(log_format, secrets=["canary-4711"])
    try:
        raise ValueError("Authorization: Bearer abc.def and canary-4711 and sk-proj-abcdefgh1234")
    except ValueError:
        logger.exception("failed with api_key=canary-4711")
    said = capsys.readouterr().err
    assert "failed" in said
    assert not any(secret in said for secret in ("canary-4711", "abc.def", "sk-proj"))


def test_json_lines_are_objects(capsys: pytest.CaptureFixture[str]) -> None:
    """With time, level and event."""
    logs.setup("json")
    logger.warning("one\x1b[31m line")
    entry = json.loads(capsys.readouterr().err)
    assert (entry["level"], entry["event"]) == ("warning", "one line")
    assert entry["ts"].endswith("+00:00")


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


def test_without_a_terminal_there_is_a_line_a_minute_and_a_heartbeat(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """However often a stage reports."""
    logs.setup("text")
    now = [0.0]
    run = RunDir(tmp_path)
    progress = logs.StageProgress("generate", run, terminal=False, clock=lambda: now[0])
    for second in range(181):
        now[0] = float(second)
        progress.update(second, 500, in_flight=7, cost=0.25)
    lines = capsys.readouterr().err.strip().split("\n")
    assert lines == [f"generate: {done} of 500 7 in flight, $0.2500" for done in (60, 120, 180)]
    beat = run.status()
    assert beat is not None
    assert (beat.stage, beat.done, beat.total, beat.in_flight, beat.cost) == ("generate", 180, 500, 7, 0.25)
    progress.close()
    assert (run.status() or beat).in_flight == 0


def test_on_a_terminal_there_is_a_bar(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And it is gone at the end."""
    progress = logs.StageProgress("sample", RunDir(tmp_path), terminal=True)
    progress.update(5, 10)
    progress.close()
    assert "sample" in capsys.readouterr().err


def test_a_line_stays_one_line() -> None:
    """Whatever ends a line or cannot be seen is an escape; other scripts stay as they are."""
    assert logs.one_line("a b\n\r\x1b\u2028\x85é漢") == "a b\\n\\r\\x1b\\u2028\\x85é漢"
