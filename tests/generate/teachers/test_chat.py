"""The exchange with a real server on loopback: what is answered, retried, refused, and never said."""

import asyncio
import json
import logging
import time

import pytest
from builders import ADesk, a_prompt, a_seed
from loopback import completion, serving

from magicoder_gen.errors import ConfigError, MagicoderError, NotAuthorised, TeacherUnreachable, TryLater, UnknownModel
from magicoder_gen.generate.prices import Price
from magicoder_gen.generate.teachers.chat import Chat, answers, model_names
from magicoder_gen.generate.teachers.endpoints import NO_KEY, Endpoint
from magicoder_gen.records import Failure, Reply

KEY = "canary-key-4711"


def ask(url: str, number: int = 1, **options: object) -> list[Reply | Failure]:
    """Ask `number` prompts; return the outcomes."""
    chat = Chat(model="test-model", base_url=url, **options)
    prompts = [a_prompt(a_seed(index=n), id=f"p{n}", content=f"prompt {n}") for n in range(number)]

    async def collect() -> list[Reply | Failure]:
        return [outcome async for outcome in answers(chat, ADesk(prompts), keys=[KEY])]

    return asyncio.run(collect())


def test_an_answer_is_kept_as_it_came() -> None:
    """Text, finish reason, usage, fingerprint, the served model's name and the cost are in the reply."""
    with serving() as server:
        (reply,) = ask(server.url, price=Price(input=1.0, output=2.0))
    assert isinstance(reply, Reply)
    assert reply.text == completion()["choices"][0]["message"]["content"]
    assert (reply.finish_reason, reply.system_fingerprint, reply.model) == ("stop", "fp_1", "test-model-0613")
    assert reply.usage is not None
    assert reply.cost == pytest.approx((100 * 1.0 + 50 * 2.0) / 1e6)
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("key", ["none", "EMPTY", "x", KEY])
def test_a_key_that_is_a_word_changes_no_answer(key: str) -> None:
    """Servers without keys get placeholders; what they write is data, whatever the placeholder."""
    text = "[Problem]\nReturn none if EMPTY.\n[Solution]\n```python\nx = None\n```"
    with serving(lambda _p, _n: completion(text, model=f"model-{KEY}")) as server:
        chat = Chat(model="test-model", base_url=server.url)

        async def collect() -> list[Reply | Failure]:
            return [outcome async for outcome in answers(chat, ADesk([a_prompt()]), keys=[key])]

        (reply,) = asyncio.run(collect())
    assert isinstance(reply, Reply)
    assert reply.text == text
    assert (KEY in reply.model) == (key != KEY)


def test_only_parameters_that_are_set_are_sent() -> None:
    """A server that knows few parameters is not bothered with nulls."""
    with serving() as server:
        ask(server.url)
    assert set(server.bodies[0]) == {"model", "messages"}


def test_every_prompt_has_exactly_one_outcome() -> None:
    """With more prompts than workers, each is asked once, never more at a time than allowed."""
    with serving() as server:
        server.seconds = 0.01
        outcomes = ask(server.url, number=40, concurrency=4)
    assert sorted(outcome.prompt_id for outcome in outcomes) == sorted(f"p{n}" for n in range(40))
    assert set(server.asked.values()) == {1}
    assert server.most_in_flight <= 4


@pytest.mark.parametrize(
    "fault",
    [
        (500, {}, "oops"),
        (503, {"Retry-After": "0"}, '{"error": {"message": "busy"}}'),
        (408, {}, "slow"),
        (429, {"Retry-After": "0"}, '{"error": {"message": "slow down", "code": "rate_limit_exceeded"}}'),
        (200, {}, '{"choices": [{"message": {"content": "half'),
        (200, {}, "<html>a captive portal</html>"),
        (200, {}, '{"error": {"message": "overloaded", "code": 529}}'),
        (200, {}, '{"choices": []}'),
        (200, {}, '{"choices": null}'),
        (200, {}, "[1, 2]"),
        (200, {}, "[" * 100_000),
        None,
    ],
)
def test_passing_trouble_is_retried(fault: object) -> None:
    """Server errors, rate limits, dropped connections and bodies that are no completion get a second request."""
    with serving(lambda _prompt, number: fault if number == 1 else completion()) as server:
        (reply,) = ask(server.url)
    assert isinstance(reply, Reply)
    assert reply.attempts == 2
    assert server.asked.total() == 2


def test_rate_limits_cost_no_attempt() -> None:
    """Many 429s in a row, and the prompt is still answered with a single attempt allowed."""
    limited = (429, {"retry-after-ms": "1"}, '{"error": {"message": "slow down"}}')
    with serving(lambda _prompt, number: limited if number < 10 else completion()) as server:
        (reply,) = ask(server.url, attempts=1)
    assert isinstance(reply, Reply)
    assert server.asked.total() == 10


def test_passing_trouble_is_summed_up(caplog: pytest.LogCaptureFixture) -> None:
    """Each kind is told once when it is met; how often it was is said at the end, and nothing where there was none."""
    caplog.set_level(logging.INFO, "magicoder_gen")
    faults = {"prompt 0": (500, {"Retry-After": "0"}, "oops"), "prompt 1": (200, {"Retry-After": "0"}, "no JSON")}
    with serving(lambda prompt, number: faults.get(prompt, completion()) if number < 3 else completion()) as server:
        ask(server.url, number=3)
    ends = "requests that failed on the way and were sent again: 4 (http_500 2, bad_body 2)"
    assert [line.replace("bad_body 2, http_500 2", "http_500 2, bad_body 2") for line in caplog.messages[-1:]] == [ends]
    caplog.clear()
    with serving() as server:
        ask(server.url, number=3)
    assert "sent again" not in caplog.text


def test_a_prompt_that_keeps_failing_is_a_failure_that_may_be_tried_again() -> None:
    """After the allowed attempts the others still get their answers."""
    broken = (500, {"Retry-After": "0"}, "oops")
    with serving(lambda prompt, _number: broken if prompt == "prompt 0" else completion()) as server:
        outcomes = ask(server.url, number=3, attempts=3)
    failure = next(outcome for outcome in outcomes if isinstance(outcome, Failure))
    assert (failure.prompt_id, failure.kind, failure.final) == ("p0", "http_500", False)
    assert server.asked["prompt 0"] == 3
    assert len(outcomes) == 3


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, '{"error": {"message": "too long", "code": "context_length_exceeded"}}', "context_length"),
        (400, '{"error": {"code": 400, "type": "exceed_context_size_error", "message": "too many"}}', "context_length"),
        (422, '{"detail": "no such parameter"}', "http_422"),
        (400, "bad", "http_400"),
    ],
)
def test_a_refused_prompt_is_final_and_the_rest_goes_on(status: int, body: str, kind: str) -> None:
    """4xx are never sent twice."""
    with serving(lambda prompt, _n: (status, {}, body) if prompt == "prompt 1" else completion()) as server:
        outcomes = ask(server.url, number=3)
    failure = next(outcome for outcome in outcomes if isinstance(outcome, Failure))
    assert (failure.prompt_id, failure.kind, failure.final) == ("p1", kind, True)
    assert set(server.asked.values()) == {1}


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, '{"error": {"message": "bad key canary-key-4711"}}', NotAuthorised),
        (403, "{}", NotAuthorised),
        (404, '{"error": {"message": "no such model"}}', UnknownModel),
        (429, '{"error": {"message": "pay", "code": "insufficient_quota"}}', TryLater),
        (302, "", ConfigError),
        (400, '{"error": {"message": "wrong", "code": "invalid_api_key"}}', NotAuthorised),
        (200, '{"error": {"message": "unknown", "code": "model_not_found"}}', UnknownModel),
    ],
)
def test_what_no_prompt_can_overcome_stops_the_run(
    status: int, body: str, error: type[MagicoderError], caplog: pytest.LogCaptureFixture
) -> None:
    """Wrong key, unknown model, exhausted quota, redirect: no retry, few requests, and the key is never named."""
    with (
        caplog.at_level(logging.DEBUG, "magicoder_gen"),
        serving(lambda _p, _n: (status, {"Location": "http://127.0.0.1:9/"}, body)) as server,
        pytest.raises(error) as raised,
    ):
        ask(server.url, number=20, concurrency=2)
    assert server.asked.total() <= 2
    assert KEY not in f"{raised.value} {caplog.text}"


def test_answers_under_way_are_kept_when_the_run_must_stop() -> None:
    """One worker meets a fatal error; what the others have paid for is still handed over."""

    def behave(prompt: str, _number: int) -> object:
        if prompt == "prompt 0":
            return (401, {}, "{}")
        time.sleep(0.2)
        return completion()

    async def collect(url: str) -> list[Reply | Failure]:
        prompts = [a_prompt(id=f"p{n}", content=f"prompt {n}") for n in range(3)]
        kept: list[Reply | Failure] = []
        with pytest.raises(NotAuthorised):
            async for outcome in answers(Chat(model="m", base_url=url, concurrency=3), ADesk(prompts), keys=[KEY]):
                kept.append(outcome)  # noqa: PERF401  # what came before the error counts
        return kept

    with serving(behave) as server:
        kept = asyncio.run(collect(server.url))
    assert {outcome.prompt_id: type(outcome) for outcome in kept} == {"p0": Failure, "p1": Reply, "p2": Reply}
    assert not next(outcome for outcome in kept if isinstance(outcome, Failure)).final


def test_an_unreachable_teacher_is_named_with_its_url(unused_port: int) -> None:
    """Nothing listens: the error names model, URL and what to check."""
    with pytest.raises(TeacherUnreachable, match=rf"test-model at http://127.0.0.1:{unused_port}/v1"):
        ask(f"http://127.0.0.1:{unused_port}/v1", patience=0.2)


@pytest.mark.parametrize("retry_timeouts", [True, False])
def test_a_refused_connection_is_no_timeout(unused_port: int, retry_timeouts: bool) -> None:  # noqa: FBT001
    """It is said as what it is, costs no attempt, and is never final."""
    url = f"http://127.0.0.1:{unused_port}/v1"
    with pytest.raises(TeacherUnreachable, match="Cannot connect"):
        ask(url, patience=0.3, attempts=1, retry_timeouts=retry_timeouts)


def test_five_equal_refusals_at_the_start_mean_the_request_is_wrong() -> None:
    """A parameter that the server rejects is not paid for 80 000 times."""
    with serving(lambda _p, _n: (400, {}, '{"error": {"message": "unknown field"}}')) as server:
        with pytest.raises(ConfigError, match="unknown field"):
            ask(server.url, number=100, concurrency=1)
    assert server.asked.total() == 5


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"usage": None}, {"estimated": True}),
        ({"usage": {"prompt_tokens": 1.5, "completion_tokens": "many"}}, {"estimated": True}),
        ({"usage": {"prompt_tokens": -1, "completion_tokens": 2}}, {"estimated": True}),
        ({"system_fingerprint": 5, "model": {}}, {"system_fingerprint": None, "model": "test-model"}),
        ({"choices": [{"message": {"content": [{"type": "text", "text": "a"}, {"text": "b"}]}}]}, {"text": "ab"}),
        ({"system_fingerprint": None, "model": None, "id": None}, {"model": "test-model"}),
        ({"choices": [{"message": {"content": None}}]}, {"text": None}),
        ({"choices": [{"message": {"content": "", "reasoning_content": "hm"}}]}, {"text": "", "reasoning": "hm"}),
        ({"choices": [{"message": {"refusal": "I cannot"}}]}, {"text": "I cannot"}),
        (
            {"choices": [{"message": {"content": None, "tool_calls": [{"id": "1"}]}, "finish_reason": "stop"}]},
            {"finish_reason": "tool_calls"},
        ),
    ],
)
def test_missing_parts_are_null_and_never_a_crash(
    changes: dict[str, object], expected: dict[str, object], no_tiktoken_tables: None
) -> None:
    """Content null, no usage, no fingerprint: the reply is kept; token counts are estimated and say so."""
    with serving(lambda _p, _n: completion(**changes)) as server:
        (reply,) = ask(server.url)
    assert isinstance(reply, Reply)
    assert reply.usage is not None
    seen = {"estimated": reply.usage.estimated, **{name: getattr(reply, name) for name in reply.__struct_fields__}}
    assert {name: seen[name] for name in expected} == expected


def test_half_a_surrogate_pair_does_not_lose_the_answer() -> None:
    r"""A lone \ud835 in JSON becomes U+FFFD or a question mark; the rest of the text stays."""
    body = json.dumps(completion("before XX after")).replace("XX", "\\ud835")
    with serving(lambda _p, _n: (200, {}, body)) as server:
        (reply,) = ask(server.url)
    assert isinstance(reply, Reply)
    assert reply.text is not None
    assert reply.text.startswith("before ")
    assert reply.text.endswith(" after")
    reply.text.encode()


def test_a_hanging_request_ends_at_its_deadline() -> None:
    """The total deadline holds, and where retries would pile up on the server there is none."""
    with serving() as server:
        server.seconds = 3
        (failure,) = ask(server.url, timeout=0.2, retry_timeouts=False)
    assert isinstance(failure, Failure)
    assert failure.kind == "timeout"
    assert server.asked.total() == 1


def test_a_missing_key_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is sent without a key unless the config says that none is needed."""
    monkeypatch.delenv("SOME_KEY", raising=False)
    with pytest.raises(NotAuthorised, match="SOME_KEY"):
        Endpoint(api_key_env="SOME_KEY").key()
    assert Endpoint(api_key_env=None).key() == NO_KEY
    monkeypatch.setenv("SOME_KEY", "two\nlines")
    with pytest.raises(NotAuthorised, match="odd characters"):
        Endpoint(api_key_env="SOME_KEY").key()


def test_models_are_listed() -> None:
    """The doctor can ask which models there are."""
    with serving() as server:
        chat = Chat(base_url=server.url, api_key_env=None)
        assert model_names(chat, *chat.every_endpoint()) == ["test-model"]
