"""A key that a server echoes in all it says is found in no file, on no screen."""

import json
from pathlib import Path

import pytest
from command import KEY, chat, configure, run
from loopback import completion, serving

ECHO = json.dumps({"error": {"message": f"no {KEY} {KEY}", "code": "bad", "param": KEY}})
PASSING = [
    (400, {}, ECHO),
    (422, {}, ECHO),
    (500, {"Retry-After": "0"}, ECHO),
    (503, {"Retry-After": "0"}, f"<html>{KEY}</html>"),
    (429, {"retry-after-ms": "1"}, ECHO),
    (200, {}, ECHO),
    (200, {}, KEY * 20),
    (200, {"Content-Type": "text/event-stream"}, f"data: {ECHO}\n\n"),
    (200, {}, json.dumps(completion(model=f"m-{KEY}"))),
    None,
]
FATAL = [
    (401, {}, ECHO),
    (404, {}, ECHO),
    (407, {}, ECHO),
    (302, {"Location": f"http://{KEY}.invalid/"}, ""),
    (429, {}, ECHO.replace('"bad"', '"insufficient_quota"')),
]


def found(project: Path, *arguments: object) -> tuple[int, list[str]]:
    """Run; return the exit code, and where the key is found."""
    done = run("generate", "c.yaml", "--run", "r", *arguments, cwd=project)
    places = [name for name, text in (("stdout", done.stdout), ("stderr", done.stderr)) if KEY[:10] in text]
    files = [path for path in (project / "r").rglob("*") if path.is_file()]
    assert files
    assert "Traceback" not in done.stderr
    return done.returncode, places + [str(path) for path in files if KEY[:10].encode() in path.read_bytes()]


def test_no_error_that_passes_shows_the_key(project: Path) -> None:
    """Refusals, server errors, web pages, echoes in bodies, streams and names, each to another prompt."""
    seen: dict[str, int] = {}

    def behave(prompt: str, number: int) -> object:
        place = seen.setdefault(prompt, len(seen))
        return completion() if place >= len(PASSING) or (number > 2) else PASSING[place]

    with serving(behave) as server:
        configure(project, chat(server.url, concurrency=1, attempts=2), sample={"num": 12, "corpora": _CORPORA})
        assert run("sample", "c.yaml", "--run", "r", cwd=project).returncode == 0
        code, places = found(project, "--log-format", "json")
    assert places == []
    assert code in {0, 3}
    assert len(seen) == 12


_CORPORA = [{"type": "local", "path": "code"}]


@pytest.mark.parametrize("answer", FATAL, ids=lambda answer: str(answer[0]))
def test_no_error_that_ends_the_run_shows_the_key(project: Path, answer: object) -> None:
    """A refused key, an unknown model, a proxy, a redirect, an empty purse."""
    with serving(lambda _p, _n: answer) as server:
        configure(project, chat(server.url), sample={"num": 12, "corpora": _CORPORA})
        assert run("sample", "c.yaml", "--run", "r", cwd=project).returncode == 0
        code, places = found(project)
    assert places == []
    assert code in {75, 77, 78}
