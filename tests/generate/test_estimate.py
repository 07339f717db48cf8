"""What generating would take, by way of the command line; nothing is sent and nothing changes."""

import json
from pathlib import Path
from typing import Any

import batch_server
import pytest
from batch_runs import batch
from command import ANSWERS, answering, chat, configure, lines, run
from loopback import Server, completion, serving

PRICE = {"input": 10, "output": 20}  # USD per million tokens


def estimated(project: Path, *flags: object) -> dict[str, Any]:
    """What the command says as JSON."""
    done = run("estimate", "c.yaml", "--json", *flags, cwd=project, TIKTOKEN_CACHE_DIR=str(project / "none"))
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def contents(root: Path) -> dict[str, bytes]:
    """Every file but what SQLite keeps beside an index that was read."""
    files = [path for path in root.rglob("*") if path.is_file() and path.suffix not in {".sqlite-shm", ".sqlite-wal"}]
    return {str(path): path.read_bytes() for path in files}


def sent_bytes(server: Server) -> int:
    """The text of all messages that the server was sent."""
    return sum(len(turn["content"].encode()) for body in server.bodies for turn in body["messages"])


def test_before_there_are_seeds_a_few_stand_for_all(project: Path) -> None:
    """Extrapolated to what is asked for; nothing is made."""
    configure(project, chat("http://127.0.0.1:9/v1", price=PRICE))
    before = contents(project)
    few, many = estimated(project), estimated(project, "--num", 24)
    assert (few["prompts"], few["pending"], few["is_exact"]) == (12, 12, False)
    assert many["input_tokens"] == pytest.approx(2 * few["input_tokens"], rel=0.2)
    assert few["cost"] == pytest.approx((few["input_tokens"] * 10 + few["output_tokens"] * 20) / 1e6)
    assert few["output_tokens_at_most"] == 12 * 2500
    assert contents(project) == before


def test_with_seeds_the_prompts_are_the_very_ones(project: Path) -> None:
    """The tokens said before are those of what is sent, and half way only what is left counts."""
    with serving(answering()) as server:
        configure(project, chat(server.url, price=PRICE))
        assert run("sample", "c.yaml", cwd=project).returncode == 0
        before = contents(project)
        first = estimated(project)
        assert (first["pending"], first["is_exact"], server.bodies) == (12, True, [])
        assert contents(project) == before
        limit = "generate.limits.max_requests=5"
        assert run("generate", "c.yaml", "--set", limit, cwd=project).returncode == 4
        before = contents(project)
        second = estimated(project)
        assert contents(project) == before
        assert run("generate", "c.yaml", cwd=project).returncode == 0
    assert first["input_tokens"] == pytest.approx(sent_bytes(server) / 4 + 4 * 2 * 12, abs=1)
    assert (second["prompts"], second["pending"], second["output_tokens"]) == (12, 7, 7 * 50)
    assert second["spent"]["cost"] == pytest.approx(5 * (100 * 10 + 50 * 20) / 1e6)
    last = estimated(project)
    assert (last["pending"], last["cost"], last["input_tokens"]) == (0, 0.0, 0)


def test_what_is_to_come_is_added_to_what_is_there(project: Path) -> None:
    """More seeds than are drawn, and several answers of each."""
    with serving(answering()) as server:
        configure(project, chat(server.url, price=PRICE, temperature=1.0))
        assert run("run", "c.yaml", cwd=project).returncode == 0
        found = estimated(project, "--num", 20, "--set", "generate.answers_per_seed=3")
    assert (found["prompts"], found["pending"], found["is_exact"]) == (60, 48, False)
    assert len(server.bodies) == 12


def test_an_unknown_price_is_unknown(project: Path) -> None:
    """Never 0, with what to set; and a model that is asked at OpenAI has its list price."""
    configure(project, chat("http://127.0.0.1:9/v1"))
    found = estimated(project)
    assert (found["cost"], found["cost_at_most"]) == (None, None)
    shown = run("estimate", "c.yaml", cwd=project).stdout
    assert "unknown  set generate.teacher.price" in shown
    configure(project, {"type": "chat", "model": "gpt-4o-mini-2024-07-18", "max_tokens": None})
    found = estimated(project)
    assert found["cost"] > 0
    assert found["cost_at_most"] is None
    assert "OpenAI's list" in found["priced"]


def test_a_teacher_that_costs_nothing(project: Path) -> None:
    """Says so; the embedded one is not fetched for it."""
    configure(project, {"type": "local"})
    found = estimated(project)
    assert (found["cost"], found["cost_at_most"], found["priced"]) == (0.0, 0.0, "costs nothing")


def test_how_long_it_takes(project: Path) -> None:
    """By the rates of all endpoints together."""
    configure(project, chat("http://127.0.0.1:9/v1", price=PRICE, requests_per_minute=6))
    found = estimated(project)
    assert found["seconds"] == pytest.approx(120)
    two = [{"base_url": "http://127.0.0.1:9/v1", "requests_per_minute": 6}, {"requests_per_minute": 18}]
    configure(project, chat("http://127.0.0.1:9/v1", price=PRICE, endpoints=two))
    assert estimated(project)["seconds"] == pytest.approx(30)
    configure(project, chat("http://127.0.0.1:9/v1", price=PRICE, endpoints=[*two, {"weight": 2}]))
    assert estimated(project)["seconds"] is None


def test_what_the_limit_allows_is_about_what_is_answered(project: Path) -> None:
    """Admission reserves the most that a request can cost: while the money covers that, one more is sent."""
    with serving(answering()) as server:
        configure(project, chat(server.url, price=PRICE, max_tokens=900, concurrency=1))
        run("sample", "c.yaml", cwd=project)
        assert estimated(project, "--max-cost", 0.018)["affordable"] == 0
        assert run("generate", "c.yaml", "--max-cost", 0.018, cwd=project).returncode == 4
        assert server.bodies == []
        assert run("generate", "c.yaml", "--set", "generate.limits.max_requests=1", cwd=project).returncode == 4
        found = estimated(project, "--max-cost", 0.04)
        assert 0 < found["affordable"] < 11
        assert run("generate", "c.yaml", "--max-cost", 0.04, cwd=project).returncode == 4
    assert abs(len(server.bodies) - 1 - found["affordable"]) <= 1


def test_the_most_is_a_bound_and_the_rest_is_as_before(project: Path) -> None:
    """A token a byte at most, whatever the tokens of an answer; what is expected are those of the answers here."""
    with serving(answering()) as server:
        configure(project, chat(server.url, price=PRICE))
        run("sample", "c.yaml", cwd=project)
        first = estimated(project)
        run("generate", "c.yaml", "--set", "generate.limits.max_requests=5", cwd=project)
        second = estimated(project)
        shown = run("estimate", "c.yaml", cwd=project).stdout
        run("generate", "c.yaml", cwd=project)
    assert first["cost_at_most"] == pytest.approx((sent_bytes(server) + 12 * 2 * 16) * 10e-6 + 12 * 2500 * 20e-6)
    assert (second["input_tokens"], second["counted"]) == (7 * 100, "as in the 5 answers here")
    assert shown.count("as in the 5 answers here") == 2


def test_what_is_in_batches_is_under_way(project: Path) -> None:
    """Handed in and not to be asked again: neither pending nor lost, for `status` too, while nothing changes."""
    with batch_server.serving() as provider:
        provider.status("in_progress")
        configure(project, batch(provider.url, price=PRICE))
        run("sample", "c.yaml", cwd=project)
        assert run("generate", "c.yaml", cwd=project).returncode == 75
    before = contents(project)
    found = estimated(project)
    assert (found["prompts"], found["pending"], found["cost"]) == (12, 0, 0.0)
    assert (found["handed_in"]["prompts"], found["handed_in"]["batches"]) == (12, 1)
    said = "12 prompts are in 1 batch under way"
    shown = run("estimate", "c.yaml", cwd=project).stdout
    assert said in shown
    assert "without an outcome" not in shown
    status = run("status", "runs/c", cwd=project).stdout
    assert f"{said}, at most ${found['spent']['uncertain_cost']:.4f}" in status
    assert "may have been paid" not in status
    assert "generate is not done: 12 in batches; to go on: magicoder-gen generate" in status
    assert contents(project) == before


def test_what_is_only_written_was_not_sent(project: Path) -> None:
    """Files of requests that somebody else runs cost nothing here."""
    configure(project, {"type": "batch", "write_only": True, "model": "test-model"})
    run("sample", "c.yaml", cwd=project)
    assert run("generate", "c.yaml", cwd=project).returncode == 75
    status = run("status", "runs/c", cwd=project).stdout
    assert "12 prompts are written to files and not sent" in status
    assert "may have been paid" not in status


def test_answers_to_other_prompts_are_told(project: Path) -> None:
    """Since generate would refuse."""
    configure(project, {"type": "scripted", "replies": ANSWERS})
    assert run("run", "c.yaml", cwd=project).returncode == 0
    configure(project, {"type": "scripted", "replies": ANSWERS[:20]})
    assert estimated(project)["orphans"] == 12
    assert "--allow-drift" in run("estimate", "c.yaml", cwd=project).stdout
    assert len(lines(project / "runs/c/seeds")) == 12


def test_what_is_redone_is_counted_with_its_tokens(project: Path) -> None:
    """Answers that were cut off, with the room they get."""
    with serving(lambda _p, _n: completion(finish_reason="length")) as server:
        configure(project, chat(server.url, price=PRICE, max_tokens=100))
        run("run", "c.yaml", cwd=project)
        found = estimated(project, "--set", "generate.redo_truncated=700")
    assert (found["pending"], found["output_tokens_at_most"]) == (12, 12 * 700)
