"""A full disk, wherever it strikes: 74, whole files, nothing paid twice once there is room."""

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from generating import Asked, generated, intents, replied, seeded

from magicoder_gen.errors import MagicoderError
from magicoder_gen.generate import exchange
from magicoder_gen.generate.index import Index


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let no file grow beyond so many bytes, which writes notice as they do a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    previous = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, previous)


@pytest.mark.parametrize("size", [100, 2000, 5000, 20_000, 40_000, 60_000, 90_000, 120_000, 200_000, 400_000])
def test_a_disk_that_is_full_at_any_write(tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the journal, the index, its log or the manifest: only what was under way or just came may be asked again."""
    monkeypatch.setattr(exchange, "TICK", 0.0)
    run, asked = seeded(tmp_path, 150), Asked(lambda prompt: replied(prompt, "x" * 1500))
    with largest_file(size), pytest.raises(MagicoderError) as error:
        generated(run, asked, concurrency=4)
    assert error.value.exit_code == 74
    with Index.reading(run.folder("replies")) as index:
        assert index.totals.replies == index.wanted() >= len(asked.prompts) - 8
    assert generated(run, asked).counts.kept == 150
    assert len(asked.prompts) - 150 <= 8
    assert asked.counted <= intents(run)
