"""What happens below the protocol, over real sockets: deadlines, sizes, redirects, proxies, broken streams."""

import asyncio
import gzip
import json
import socket
import tracemalloc
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

import pytest
from builders import ADesk, a_prompt
from loopback import completion, serving
from raw_server import answering, framed, streamed

from magicoder_gen.errors import ConfigError, MagicoderError, NotAuthorised, TeacherUnreachable, TryLater
from magicoder_gen.generate.teachers.chat import Chat, answers
from magicoder_gen.records import Failure, Reply

KEY = "canary-key-4711"
GOOD = json.dumps(completion("good")).encode()


def told(*replies: Iterable[bytes | float], **options: object) -> Reply | Failure:
    """Ask one prompt of a server that answers with these bytes; return its outcome."""

    async def converse() -> Reply | Failure:
        async with answering(*replies) as url:
            chat = Chat(model="m", base_url=url, **{"attempts": 2, **options})
            (outcome,) = [one async for one in answers(chat, ADesk([a_prompt()]), keys=[KEY])]
            return outcome

    return asyncio.run(converse())


def delta(text: str | None, **changes: object) -> bytes:
    """One event of a stream."""
    choice = {"index": 0, "delta": {"content": text} if text is not None else {}, "finish_reason": None, **changes}
    return b"data: " + json.dumps({"model": "m-1", "choices": [choice]}).encode() + b"\n\n"


END = delta(None, finish_reason="stop")
USAGE = b'data: {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}}\n\n'
DONE = b"data: [DONE]\n\n"


def test_a_stream_is_one_answer() -> None:
    """Pieces are joined, comments passed over, the usage of the last piece counts, however lines end or are cut."""
    events = (
        b": PROCESSING\n\n" + delta("one ") + b":\r\n\r\n" + delta("two").replace(b"\n", b"\r\n") + END + USAGE + DONE
    )
    reply = told(streamed(*(events[place : place + 7] for place in range(0, len(events), 7))), stream=True)
    assert isinstance(reply, Reply)
    assert (reply.text, reply.finish_reason, reply.model) == ("one two", "stop", "m-1")
    assert reply.usage is not None
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (3, 4)


def test_a_stream_without_its_last_line_is_whole() -> None:
    """[DONE] may be missing, and so may usage."""
    reply = told(streamed(delta("all"), END), stream=True)
    assert isinstance(reply, Reply)
    assert (reply.text, reply.attempts) == ("all", 1)
    assert reply.usage is not None
    assert reply.usage.estimated


@pytest.mark.parametrize(
    "broken",
    [
        streamed(delta("half")),
        streamed(delta("half"), delta("and ha")[:-9]),
        streamed(),
        streamed(DONE),
        streamed(delta("half"), b'data: {"error": {"code": 502, "message": "gone"}, "choices": []}\n\n', DONE),
        streamed(b'error: {"code": 500, "message": "out of slots"}\n\n'),
        streamed(delta("half"), delta(None, finish_reason="error", error={"code": 502, "message": "gone"}), DONE),
        framed(GOOD[:50]),
        framed(b"<html>log in first</html>", kind="text/html"),
        framed(b"<html>bad gateway</html>", kind="text/html", status="502 Bad Gateway"),
        framed(b"\x1f\x8bnot gzip at all", "content-encoding: gzip"),
        framed(gzip.compress(GOOD)[:-20], "content-encoding: gzip"),
        [b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n", GOOD[:50]],
        [b"garbage\r\n\r\n"],
        [],
    ],
)
def test_an_answer_that_breaks_off_is_asked_for_again(broken: list[bytes]) -> None:
    """Whether stream or body, cut by the server, a proxy or the way there."""
    reply = told(broken, framed(GOOD), stream=True)
    assert isinstance(reply, Reply)
    assert (reply.text, reply.attempts) == ("good", 2)


def test_empty_choices_are_paid_twice_at_most() -> None:
    """However many attempts there are."""
    with serving(lambda _p, _n: completion(choices=[])) as server:
        (failure,) = _asked(server.url, attempts=5)
    assert isinstance(failure, Failure)
    assert (failure.kind, failure.uncertain, server.asked.total()) == ("no_choices", True, 2)


def _asked(url: str, **options: object) -> list[Reply | Failure]:
    async def collect() -> list[Reply | Failure]:
        return [one async for one in answers(Chat(model="m", base_url=url, **options), ADesk([a_prompt()]), keys=[KEY])]

    return asyncio.run(collect())


WHOLE, SILENCE = "no whole answer within 0.1 s (timeout)", "nothing came for 0.1 s (idle_timeout)"


@pytest.mark.parametrize(
    ("pieces", "options", "said"),
    [
        ([0.3, *framed(GOOD)], {"timeout": 0.1}, WHOLE),
        ([0.3, *framed(GOOD)], {"idle_timeout": 0.1}, SILENCE),
        ([framed(GOOD)[0], GOOD[:9], 0.3, GOOD[9:]], {"idle_timeout": 0.1}, SILENCE),
        ([framed(GOOD)[0], *(piece for n in range(40) for piece in (GOOD[n : n + 1], 0.01))], {"timeout": 0.1}, WHOLE),
    ],
)
def test_every_deadline_holds(pieces: list[bytes | float], options: dict[str, float], said: str) -> None:
    """Silence, a stall within an answer, and one that comes a byte at a time; the message says which it was."""
    failure = told(pieces, **options, attempts=1)
    assert isinstance(failure, Failure)
    assert (failure.kind, failure.uncertain, failure.final) == ("timeout", True, False)
    assert failure.message == said


@pytest.mark.parametrize("encoding", ["gzip", "deflate", None])
def test_an_answer_over_the_cap_is_not_read(encoding: str | None) -> None:
    """Nor unpacked: a bomb of 200 MB is given up before it fills the memory; and it is not asked for again."""
    size = 200_000_000 if encoding else 3_000_000
    zeros = b" " * size
    body = gzip.compress(zeros) if encoding == "gzip" else _deflated(zeros) if encoding else zeros
    del zeros
    answer = framed(body, *([f"content-encoding: {encoding}"] if encoding else []))
    tracemalloc.start()
    try:
        failure = told(answer, max_response_bytes=1_000_000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert isinstance(failure, Failure)
    assert (failure.kind, failure.final, failure.uncertain) == ("too_large", True, True)
    assert peak < 30_000_000


def _deflated(content: bytes) -> bytes:
    import zlib

    return zlib.compress(content)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(status: int) -> None:
    """The other host is never asked, so it never sees the key."""
    with serving() as other:
        location = other.url + "/chat/completions"
        with serving(lambda _p, _n: (status, {"Location": location}, "")) as server:
            with pytest.raises(ConfigError, match="redirect"):
                _asked(server.url)
        assert other.asked.total() == 0


def test_a_connection_that_is_not_made_costs_no_attempt(unused_port: int) -> None:
    """And is named as what it is, also where the port is closed only later."""
    with pytest.raises(TeacherUnreachable, match="nothing but errors"):
        _asked(f"http://127.0.0.1:{unused_port}/v1", attempts=1, patience=0.1)


def test_a_connection_that_hangs_ends_at_its_own_deadline() -> None:
    """A server that accepts nobody any more: said as what it is, long before the answer's deadline."""
    with ExitStack() as stack:
        deaf = stack.enter_context(socket.socket())
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        for _ in range(4):  # whom nobody accepts fills the queue
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(deaf.getsockname())
        with pytest.raises(TeacherUnreachable, match="no connection in time"):
            _asked(f"http://127.0.0.1:{deaf.getsockname()[1]}/v1", connect_timeout=0.1, patience=0.0)


def test_a_proxy_of_the_environment_is_used_and_netrc_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For servers elsewhere; the key stays the one that was configured."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine teacher.invalid login someone password wrong\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with serving() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url.removesuffix("/v1"))
        (reply,) = _asked("http://teacher.invalid/v1")
    assert isinstance(reply, Reply)
    assert proxy.headers[0]["Host"] == "teacher.invalid"
    assert proxy.headers[0]["Authorization"] == f"Bearer {KEY}"


def test_a_proxy_that_wants_credentials_is_a_matter_of_configuration() -> None:
    """HTTP 407 is not retried."""
    with pytest.raises(ConfigError, match="proxy"):
        told(framed(b"", status="407 Proxy Authentication Required"))


SAID = json.dumps({"error": {"message": f"no: {KEY} {KEY}", "code": "bad"}}).encode()
EVERY_ERROR = [
    *(framed(SAID, status=f"{status} No") for status in (400, 401, 403, 404, 407, 408, 413, 422, 429, 500, 503)),
    framed(SAID),
    framed(b'{"error": {"message": "' + b"x" * 190 + KEY.encode() + b'"}}'),
    framed(KEY.encode() * 30),
    framed(f"<html>{KEY}</html>".encode(), kind="text/html"),
    framed(b"", f"location: http://{KEY}/", status="302 Found"),
    framed(SAID.replace(b"bad", b"insufficient_quota"), status="429 No"),
    streamed(b"data: " + SAID + b"\n\n"),
    [KEY.encode() + b"\r\n\r\n"],
    [],
]


@pytest.mark.parametrize("answer", EVERY_ERROR)
def test_the_key_is_in_no_message(answer: list[bytes], caplog: pytest.LogCaptureFixture) -> None:
    """Whatever a server that echoes it says: neither in what is raised, nor journaled, nor logged, nor cut in two."""
    caplog.set_level("DEBUG")
    try:
        outcome = told(answer, framed(GOOD), attempts=1, patience=0)
        said = outcome.message if isinstance(outcome, Failure) else str(outcome)
    except MagicoderError as error:
        said = f"{error} {error.__cause__}"
    assert KEY[:8] not in said + caplog.text


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (framed(b'{"error": {"type": "insufficient_quota", "code": null}}', status="429 No"), TryLater),
        (framed(b'{"error": {"message": "more credits", "code": 402}}'), TryLater),
        (framed(b'{"error": {"message": "no", "code": 401}}'), NotAuthorised),
    ],
)
def test_what_a_code_says_counts_more_than_the_status(answer: list[bytes], error: type[MagicoderError]) -> None:
    """Quota is not a rate limit, and an error in a 200 answer is an error."""
    with pytest.raises(error):
        told(answer)
