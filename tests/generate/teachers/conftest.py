"""The model that tests of the embedded teacher share."""

from pathlib import Path

import pytest

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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests of the real model time to fetch it: 98 MB, once."""
    for item in items:
        if item.get_closest_marker("embedded"):
            item.add_marker(pytest.mark.timeout(600))
