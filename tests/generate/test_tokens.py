"""Token counts without waiting for a download."""

from hashlib import sha1
from pathlib import Path

import pytest

from magicoder_gen.generate import tokens


@pytest.mark.parametrize("model", ["gpt-4o-mini", "gpt-4", "Qwen/Qwen2.5-Coder-7B-Instruct"])
def test_a_table_that_is_not_there_is_not_fetched(model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With sockets blocked, an attempt would raise."""
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    assert tokens.at_hand(model) is None


def test_a_damaged_table_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is found by the name that tiktoken gives it, and of no use."""
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    url = "https://openaipublic.blob.core.windows.net/encodings/o200k_base.tiktoken"
    (tmp_path / sha1(url.encode()).hexdigest()).write_bytes(b"torn")  # noqa: S324  # a name
    assert tokens.at_hand("gpt-4o-mini") is None
