"""Categories by sentence embeddings: from a server, paid once; from the real model, which tells plain tasks."""

import logging
from collections.abc import Iterator
from pathlib import Path

import embedding_server
import pytest
from category_tasks import TASKS, task_run, told
from embedding_server import EmbeddingServer

from magicoder_gen.categories import sentences
from magicoder_gen.categories.names import NAMES, OTHERS
from magicoder_gen.categories.sentences import PHRASES, Sentences
from magicoder_gen.embeddings import onnx
from magicoder_gen.embeddings.endpoint import Endpoint
from magicoder_gen.errors import ConfigError, LimitReached, MagicoderError, NotAuthorised

PROBLEMS = ["an SQL query please", "train a good model", "prime numbers and all divisors", "ibex tapir okapi"]
KINDS = ["Database and SQL", "Data Science and Machine Learning", "Mathematical and Computational", OTHERS]


@pytest.fixture
def server() -> Iterator[EmbeddingServer]:
    """A server for which texts with words in common are alike."""
    with embedding_server.serving() as running:
        yield running


def asking(server: EmbeddingServer, **changes: object) -> Sentences:
    """Categories by that server."""
    return Sentences(embeddings=Endpoint(base_url=server.url, api_key_env=None, **changes), threshold=0.4)  # type: ignore[arg-type]


def test_every_category_has_phrases_of_its_own() -> None:
    """In the order of the paper's names."""
    assert tuple(PHRASES) == NAMES
    every = [phrase for phrases in PHRASES.values() for phrase in phrases]
    assert len(every) == len(set(every))


def test_the_nearest_phrase_decides_and_far_from_all_is_domain_specific(
    server: EmbeddingServer, tmp_path: Path
) -> None:
    """In the order of the samples."""
    assert told(asking(server), task_run(tmp_path, PROBLEMS)) == KINDS


def test_a_second_look_asks_nobody(server: EmbeddingServer, tmp_path: Path) -> None:
    """Another threshold does not either; new samples are asked alone."""
    told(asking(server), task_run(tmp_path, PROBLEMS[:2]))
    asked = server.texts.total()
    lenient = Sentences(embeddings=asking(server).embeddings, threshold=-1)
    assert told(lenient, task_run(tmp_path, PROBLEMS[:2])) == KINDS[:2]
    assert server.texts.total() == asked
    assert told(asking(server), task_run(tmp_path, PROBLEMS)) == KINDS
    assert set(server.texts.values()) == {1}


def test_what_it_takes_is_said_before_and_what_it_took_after(
    server: EmbeddingServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """And nothing where nothing is new."""
    caplog.set_level(logging.INFO, logger="magicoder_gen")
    run, priced = task_run(tmp_path, PROBLEMS), asking(server, price=1000.0)
    told(priced, run)
    phrases = sum(map(len, PHRASES.values()))
    said, done = [message for message in caplog.messages if message.startswith("embed")]
    characters = sum(map(len, PROBLEMS))
    assert said == f"embedding: about 4 problems of {characters // 4} characters, at most ${characters / 1000:.4f}"
    tokens = sum(len(text.split()) for text in server.texts)
    assert done == f"embedded: {phrases + 4} texts, {tokens} tokens, ${tokens / 1000:.4f}"
    caplog.clear()
    told(priced, run)
    assert not caplog.messages


def test_a_limit_ends_it_and_the_next_command_goes_on(server: EmbeddingServer, tmp_path: Path) -> None:
    """Nothing is paid twice."""
    run = task_run(tmp_path, ["word " * 500, *PROBLEMS])
    with pytest.raises(LimitReached):
        told(asking(server, price=1000.0, max_cost=2.1), run)
    assert told(asking(server, price=1000.0), run)[1:] == KINDS
    assert set(server.texts.values()) == {1}


def test_what_is_missing_is_told_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra with its pip line, the key with its variable."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(ConfigError, match=r"pip install \"magicoder-gen\[embed\]\""):
        Sentences().check()
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    with pytest.raises(NotAuthorised, match=r"NO_SUCH_KEY, or embeddings\.api_key_env: null"):
        Sentences(embeddings=Endpoint(api_key_env="NO_SUCH_KEY")).check()


def test_model_threshold_and_phrases_decide(server: EmbeddingServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the model is served does not."""
    one = asking(server).identity()
    assert one == Sentences(embeddings=Endpoint(base_url="http://127.0.0.1:1/v1"), threshold=0.4).identity()
    assert one != Sentences(embeddings=Endpoint(), threshold=0.5).identity()
    assert one != Sentences(embeddings=Endpoint(model="other"), threshold=0.4).identity()
    monkeypatch.setattr(sentences, "PHRASES", {**PHRASES, "Web": ("web",)})
    assert one != asking(server).identity()


def test_no_samples_no_categories(server: EmbeddingServer, tmp_path: Path) -> None:
    """An empty run is told too."""
    assert told(asking(server), task_run(tmp_path, [])) == []


@pytest.mark.sentences
@pytest.mark.timeout(600)  # fetches 23 MB, once
def test_the_real_model_tells_plain_tasks(tmp_path: Path) -> None:
    """All but one at most; a second look gives the same."""
    for name in ("onnxruntime", "tokenizers"):
        pytest.importorskip(name, reason="the extra `embed` is not installed")
    try:
        list(onnx.Onnx().vectors(["first"]))
    except MagicoderError as error:
        pytest.skip(str(error))
    run = task_run(tmp_path)
    found = told(Sentences(), run)
    assert sum(one == name for one, name in zip(found, TASKS, strict=True)) >= 9
    assert told(Sentences(), run) == found
