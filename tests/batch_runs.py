"""A run of batches: configure it, and look at what it leaves behind."""

from pathlib import Path
from typing import Any

from batch_server import BatchServer
from command import configure, lines, replied

from magicoder_gen.generate.index import Index

COMMAND = ("generate", "c.yaml", "--run", "r")


def batch(url: str, **changes: Any) -> dict[str, Any]:
    """A teacher on loopback that does not wait."""
    return {
        "type": "batch",
        "model": "test-model",
        "base_url": url,
        "api_key_env": "TEST_KEY",
        "wait": 0,
        "poll_interval": 0.05,
        **changes,
    }


def prepare(root: Path, url: str, generate: dict[str, Any] | None = None, **changes: Any) -> None:
    """Configure 12 prompts."""
    configure(root, {}, generate={"teacher": batch(url, **changes), **(generate or {})})


def requests(root: Path) -> int:
    """How many intents the journal has."""
    with Index.reading(root / "r" / "replies") as index:
        return index.totals.requests


def failures(root: Path) -> list[dict[str, Any]]:
    """The failures in the journal."""
    records = [line["record"] for line in lines(root / "r" / "replies") if "record" in line]
    return [record for record in records if record["record"] == "failure"]


def assert_each_once(root: Path, server: BatchServer, *, replies: int = 12) -> None:
    """Every prompt was handed in once and has one reply and one intent."""
    assert len(server.asked) == replies
    assert set(server.asked.values()) == {1}
    assert len(replied(root / "r")) == replies
    assert requests(root) == replies
