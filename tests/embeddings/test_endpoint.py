"""Embeddings over the wire: in order, of length 1, patient with servers, silent about keys."""

import math
import threading
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest
from embedding_server import answered, serving, vector_of

from magicoder_gen.embeddings import requests
from magicoder_gen.embeddings.endpoint import Endpoint
from magicoder_gen.embeddings.protocols import LONGEST
from magicoder_gen.errors import ConfigError, NotAuthorised, TeacherUnreachable, TryLater, UnknownModel

KEY = "sk-0123456789abcdef"


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits between tries are nothing but time."""
    monkeypatch.setattr(requests, "FIRST_WAIT", 0.001)


def an_endpoint(url: str, **changes: Any) -> Endpoint:
    """An endpoint without a key."""
    return Endpoint(**{"base_url": url, "api_key_env": None, "model": "test", "attempts": 3, **changes})


def rows(endpoint: Endpoint, texts: list[str]) -> Any:
    """All vectors of `texts`."""
    return np.concatenate([vectors.rows for vectors in endpoint.vectors(texts)])


def expected(texts: list[str]) -> Any:
    """What the server says, of length 1."""
    found = np.array([vector_of(text) for text in texts], np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def test_vectors_come_in_order_and_have_length_one() -> None:
    """Whatever the order in an answer, of requests and of answers; a request holds `batch` texts."""
    texts = [f"text number {n} {n % 7}" for n in range(50)]

    def shuffled(asked: list[str], _number: int) -> Any:
        body = answered(asked)
        body["data"].reverse()
        return body

    with serving(shuffled) as server:
        endpoint = an_endpoint(server.url, batch=8, concurrency=3)
        assert np.allclose(rows(endpoint, texts), expected(texts), atol=1e-6)
        assert max(map(len, server.requests)) == 8
        assert server.texts == dict.fromkeys(texts, 1)
        assert 1 <= server.most_in_flight <= 3


def test_tokens_and_cost_are_what_the_server_bills() -> None:
    """Where it does not say, four bytes are a token."""
    with serving() as server:
        [vectors] = an_endpoint(server.url, price=1000.0).vectors(["one two", "three"])
        assert (vectors.tokens, vectors.cost) == (3, 0.003)
    with serving(lambda texts, _: answered(texts, usage=None)) as server:
        [vectors] = an_endpoint(server.url).vectors(["12345678", "1"])
        assert (vectors.tokens, vectors.cost) == (3, None)


def test_what_passes_is_tried_again() -> None:
    """Too many requests, a server that stumbles, a web page, too few vectors, vectors without a direction."""
    troubles: list[Any] = [
        (429, {"retry-after": "0.01"}, "slow down"),
        (503, {}, "busy"),
        (200, {}, "<html>hello</html>"),
        {"data": []},
        {"data": [{"embedding": [0.0, 0.0]}]},
        {"data": [{"embedding": [1e308] * 256}]},
    ]
    with serving(lambda _texts, number: troubles[number - 1] if number <= len(troubles) else None) as server:
        assert len(rows(an_endpoint(server.url, attempts=7), ["a"])) == 1
        assert len(server.requests) == 7


@pytest.mark.parametrize("numbers", [[0.0, -0.0], [1e308] * 4])
def test_a_vector_without_direction_is_no_answer(numbers: list[float]) -> None:
    """It would be like nothing, and let every paraphrase pass."""
    with (
        serving(lambda _texts, _number: {"data": [{"embedding": numbers}]}) as server,
        pytest.raises(TeacherUnreachable, match=r"an embedding of length (0|inf) points nowhere"),
    ):
        rows(an_endpoint(server.url), ["a"])


@pytest.mark.parametrize("scale", [5e-324, 1e-200, 1.0, 1e200])
def test_any_other_length_becomes_one(scale: float) -> None:
    """However large or small the numbers: their squares need not be numbers."""
    assert math.dist(requests.normalised([3 * scale, 4 * scale]), [0.6, 0.8]) < (0.3 if scale < 1e-300 else 1e-9)


@pytest.mark.parametrize(
    ("status", "text", "error"),
    [
        (401, f"bad key {KEY}", NotAuthorised),
        (403, "no", NotAuthorised),
        (402, "pay", TryLater),
        (429, '{"error": {"code": "insufficient_quota"}}', TryLater),
        (404, "no such model", UnknownModel),
        (302, "", ConfigError),
        (500, f"oops {KEY}", TeacherUnreachable),
        (400, f"no such parameter {KEY}", ConfigError),
    ],
)
def test_what_does_not_pass_ends_with_one_line_without_the_key(
    status: int, text: str, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has the error that tells what to do."""
    monkeypatch.setenv("A_KEY", KEY)
    said = (status, {"location": "http://127.0.0.1:9/"}, text)
    with serving(lambda _texts, _number: said) as server, pytest.raises(error) as caught:
        rows(an_endpoint(server.url, api_key_env="A_KEY"), ["a", "b"])
    assert KEY not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"


def test_nobody_there(unused_port: int) -> None:
    """A server that is not running is named."""
    with pytest.raises(TeacherUnreachable, match=f"127.0.0.1:{unused_port}"):
        rows(an_endpoint(f"http://127.0.0.1:{unused_port}/v1"), ["a"])


def test_a_text_that_is_too_long_is_cut_and_harms_no_other() -> None:
    """The model's limit is not known here; emoji and megabyte lines are texts like others."""

    def limited(texts: list[str], _number: int) -> Any:
        return (400, {}, "maximum context length exceeded") if any(len(text) > 1000 for text in texts) else None

    texts = ["first", "\U0001f600" * 3000, "a b " * 200, "x" * 10**6, "", "last\0"]
    with serving(limited) as server:
        found = rows(an_endpoint(server.url), texts)
        assert max(len(text) for text in server.requests[0]) == LONGEST
    assert np.allclose(found[[0, 5]], expected(["first", "last\0"]), atol=1e-6)
    assert np.allclose(np.linalg.norm(found, axis=1), 1)


def test_what_cannot_be_asked_is_refused_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key, a secret in the URL, a limit that cannot be kept."""
    monkeypatch.delenv("A_KEY", raising=False)
    with pytest.raises(NotAuthorised, match=r"A_KEY.*embeddings"):
        Endpoint(api_key_env="A_KEY").check()
    for wrong, said in (({"base_url": "http://me:secret@x/v1"}, "password"), ({"max_cost": 1}, "price")):
        with pytest.raises(msgspec.ValidationError, match=said):
            msgspec.convert({"type": "endpoint", **wrong}, Endpoint)


def test_whoever_stops_early_leaves_no_thread_behind() -> None:
    """An error in one request ends the others."""
    release = threading.Event()

    def one_fails(texts: list[str], _number: int) -> Any:
        if "bad" in texts:
            return (401, {}, "no")
        release.wait(5)
        return None

    before = threading.active_count()
    with serving(one_fails) as server:
        with pytest.raises(NotAuthorised):
            stopped(lambda: rows(an_endpoint(server.url, batch=1, concurrency=2), ["bad", *"abcdefgh"]), release)
        assert len(server.requests) < 9
    assert threading.active_count() <= before


def stopped(work: Callable[[], Any], release: threading.Event) -> None:
    """Do `work`; let what hangs go on soon after it began."""
    threading.Timer(0.2, release.set).start()
    work()
