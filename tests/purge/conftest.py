"""Runs to purge."""

from pathlib import Path

import pytest
from purging import a_project, copied, make

from magicoder_gen.storage.rundir import RunDir


@pytest.fixture(scope="package")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A complete run; not to be changed."""
    project = tmp_path_factory.mktemp("made")
    with a_project(project):
        return make(project)


@pytest.fixture
def a_run(made: Path, tmp_path: Path) -> RunDir:
    """A copy of it."""
    return copied(made, tmp_path)
