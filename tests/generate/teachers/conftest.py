"""What tests of teachers share: the embedded model; a run with seeds, and a provider of batches."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from batch_server import BatchServer, serving
from command import answering, configure, run

from magicoder_gen.errors import MagicoderError
from magicoder_gen.generate import model_sources, models


@pytest.fixture(scope="session")
def model() -> Path:
    """The smallest model; what cannot be fetched is a reason to skip."""
    pytest.importorskip("xllamacpp", reason="the extra `local` is not installed")
    try:
        return models.find(preferred=(model_sources.SMOLLM2,)).path
    except MagicoderError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus, and a run of 12 seeds."""
    folder = tmp_path_factory.mktemp("sampled")
    (folder / "code").mkdir()
    for n in range(30):
        body = "".join(f"value_{n}_{line} = compute({line}, {n})\n" for line in range(20))
        (folder / "code" / f"module_{n}.py").write_text(body)
    configure(folder, {"type": "scripted", "replies": ["."]})
    done = run("sample", "c.yaml", "--run", "r", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def seeded(sampled: Path, tmp_path: Path) -> Path:
    """A copy of a corpus, and of a run of 12 seeds."""
    return shutil.copytree(sampled, tmp_path / "project")


@pytest.fixture
def provider() -> Iterator[BatchServer]:
    """A provider that answers every prompt differently."""
    with serving(answering()) as server:
        yield server


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests of the real model time to fetch it: 98 MB, once."""
    for item in items:
        if item.get_closest_marker("embedded"):
            item.add_marker(pytest.mark.timeout(600))
