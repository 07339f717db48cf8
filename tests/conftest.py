"""Fixtures that several tests share."""

import socket
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from command import ANSWERS, configure

from magicoder_gen.generate import tokens

# Machines here are shared: an example may take long without meaning anything. CI must be repeatable.
hypothesis.settings.register_profile("default", deadline=None, max_examples=50, derandomize=True)
hypothesis.settings.load_profile("default")


@pytest.fixture
def unused_port() -> int:
    """A port of 127.0.0.1 on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def no_tiktoken_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty table cache; with sockets beyond loopback blocked, tiktoken cannot fill it."""
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path / "tiktoken"))
    tokens.counter.cache_clear()
    yield
    for model in ("test-model",):
        tokens.counter(model).loading.join(10)
    tokens.counter.cache_clear()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a small corpus and a configuration whose teacher is scripted."""
    (tmp_path / "code").mkdir()
    for n in range(30):
        body = "".join(f"value_{n}_{line} = compute({line}, {n})\n" for line in range(20))
        (tmp_path / "code" / f"module_{n}.py").write_text(body)
    configure(tmp_path, {"type": "scripted", "replies": ANSWERS})
    return tmp_path
