"""A hub to push to, and nothing of this machine's own."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hub_upload_server import TOKEN, UploadServer
from pushing import a_pushable_run

from magicoder_gen.push import stage
from magicoder_gen.push.stage import Push
from magicoder_gen.sample.corpora import hub_patience
from magicoder_gen.storage.rundir import RunDir


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The token of the loopback hub, no long waits, plain LFS, and the library's own client afterwards."""
    import huggingface_hub
    from huggingface_hub import constants
    from huggingface_hub.utils import _http
    from huggingface_hub.utils.tqdm import enable_progress_bars

    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setenv("HF_TOKEN_PATH", str(tmp_path / "no token"))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", False)
    monkeypatch.setattr(hub_patience, "WAIT", 0.001)
    monkeypatch.setattr(hub_patience, "_last_said", float("-inf"))
    yield
    huggingface_hub.set_client_factory(_http.default_client_factory)
    enable_progress_bars()


@pytest.fixture
def push(environment: None, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Push]:
    """Push a run to owner/pairs on a server, for real unless it is a dry run."""

    def pushed(run: RunDir, server: UploadServer, name: str = "owner/pairs", **given: Any) -> Push:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        options = {"revision": "main", "public": False, **given}
        if options.pop("dry_run", False):
            return stage.look(run, name, **options)
        return stage.send(run, name, **{"message": None, **options})

    return pushed


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    """A run of 40 rows that was exported."""
    return a_pushable_run(tmp_path / "run")
