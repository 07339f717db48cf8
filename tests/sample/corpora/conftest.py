"""Fixtures of the tests that need a hub."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hub_builders import rows, write
from hub_server import HubServer

from magicoder_gen.sample.corpora import hub_files, hub_patience, hub_requests
from magicoder_gen.sample.corpora.hub import Hub


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Two files of four row groups below python/, and what is no table."""
    folder = tmp_path / "dataset"
    write(folder, "python/train-00001.parquet", rows("b"))
    write(folder, "python/train-00000.parquet", rows("a"))
    write(folder, "rust/train-00000.parquet", rows("r", 5))
    (folder / "README.md").write_text("a card\n")
    return folder


@pytest.fixture(scope="session")
def connections() -> Iterator[None]:
    """One pool of connections for all tests, closed behind the last: making one takes longer than most tests."""
    from huggingface_hub import close_session

    yield
    close_session()


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, connections: None) -> None:
    """No token of the machine, no long waits, nothing that another test left."""
    from huggingface_hub import constants

    for name in ("HF_TOKEN", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_TOKEN_PATH", str(tmp_path / "no token"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(hub_patience, "WAIT", 0.001)
    monkeypatch.setattr(hub_patience, "_last_said", float("-inf"))
    monkeypatch.setattr(hub_requests, "_links", {})
    hub_files._cached_metadata.cache_clear()


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch, environment: None) -> Any:
    """Point HF_ENDPOINT at a server and return a corpus of its dataset."""

    def corpus(server: HubServer, **options: Any) -> Hub:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        given = {"dataset": "owner/name", "data_dir": "python", "language": "python", **options}
        return msgspec.convert({"type": "hub", **given}, Hub)

    return corpus
