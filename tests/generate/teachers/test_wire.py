"""What servers say, however they say it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magicoder_gen.errors import ConfigError, MagicoderError, NotAuthorised, TryLater
from magicoder_gen.generate.teachers import wire

json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["choices", "message", "content", "error", "usage", "code"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "Mon, 01 Jan 2024 00:00:00 GMT"}, 0.0),
        ({"retry-after": "99999999"}, 600.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after-ms": "nan"}, None),
        ({"retry-after": "Mon, 01 Jan 2024 00:00:00 +99999999999999999999"}, None),
        ({}, None),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    """Seconds, milliseconds or a date; what is absurd is cut or passed over."""
    assert wire.retry_after(headers) == seconds


@given(body=st.binary() | json_like.map(lambda tree: str(tree).replace("'", '"').encode("utf-8", "replace")))
def test_no_body_breaks_the_reader(body: bytes) -> None:
    """Every body is an answer or one of the instructions."""
    try:
        answer = wire.read_answer(body, where="m at url")
    except (wire.Retry, wire.Refusal, MagicoderError) as instruction:
        str(instruction).encode()
    else:
        assert answer.text is None or answer.text.encode() is not None


@given(
    status=st.integers(300, 599),
    body=st.text(max_size=50)
    | st.sampled_from(['{"error": {"message": "\\ud835"}}', "[]", '[{"error": {"code": 429}}]']),
)
def test_every_status_means_something(status: int, body: str) -> None:
    """And says so in text that can be written."""
    with pytest.raises((wire.Retry, wire.Refusal, MagicoderError)) as raised:
        wire.judge_status(status, body, {}, where="m at url")
    str(raised.value).encode()


def said(text: object, **message: object) -> wire.Answer:
    """Read an answer whose message has this content."""
    choice = {"message": {"content": text, **message}, "finish_reason": "stop"}
    return wire.read_answer(json.dumps({"choices": [choice]}).encode(), where="m at url")


@pytest.mark.parametrize(
    ("content", "text", "reasoning", "finish_reason"),
    [
        ("<think>\nhm\n</think>\n\nyes", "yes", "hm", "stop"),
        ("\n <think>hm</think>yes", "yes", "hm", "stop"),
        ("<think></think>yes", "yes", "", "stop"),
        ("hm\n</think>\n\nyes", "yes", "hm", "stop"),
        ("<think>hm, and then", None, "hm, and then", "length"),
        ("<think>", None, "", "length"),
        ("yes, <think> is a tag", "yes, <think> is a tag", None, "stop"),
        ("`</think>` closes it", "`</think>` closes it", None, "stop"),
        ("", "", None, "stop"),
    ],
)
def test_thoughts_are_kept_apart(content: str, text: str | None, reasoning: str | None, finish_reason: str) -> None:
    """Those before the answer; never closed, the answer was cut off, and what there is is kept as reasoning."""
    answer = said(content)
    assert (answer.text, answer.reasoning, answer.finish_reason) == (text, reasoning, finish_reason)


@given(st.text())
def test_no_thought_is_lost(content: str) -> None:
    """Whatever a text holds, all but marks and blanks around them is in one part or the other."""
    answer = said("<think>" + content)
    kept = (answer.reasoning or "") + (answer.text or "")
    assert "".join(kept.split()) == "".join(content.replace("</think>", "", 1).split())


def test_a_field_of_its_own_counts_before_marks() -> None:
    """Where the server has told thoughts apart already, the text is left as it is; nulls and "" are no thoughts."""
    assert said("<think>x</think>y", reasoning_content="hm").text == "<think>x</think>y"
    assert said("y", reasoning_content=None, reasoning="hm").reasoning == "hm"
    assert said("<think>x</think>y", reasoning_content="").reasoning == "x"


@pytest.mark.parametrize(
    ("body", "usage"),
    [
        ('{"prompt_tokens": 1e400, "completion_tokens": 1}', None),
        (f'{{"prompt_tokens": {"9" * 5000}, "completion_tokens": 1}}', None),
        (f'{{"prompt_tokens": {2**70}, "completion_tokens": 1}}', None),
        ('{"prompt_tokens": NaN, "completion_tokens": 1}', None),
        ('{"prompt_tokens": true, "completion_tokens": 1}', None),
        ('{"prompt_tokens": 1, "prompt_tokens": 2, "completion_tokens": 3}', (2, 3)),
    ],
)
def test_odd_numbers_do_not_lose_an_answer(body: str, usage: tuple[int, int] | None) -> None:
    """Huge, not a number, given twice: the text is kept, the usage is unknown or the last one."""
    answer = wire.read_answer(b'{"choices": [{"message": {"content": "yes"}}], "usage": %b}' % body.encode(), where="")
    assert answer.text == "yes"
    assert (answer.usage and (answer.usage.input_tokens, answer.usage.output_tokens)) == usage


@given(
    texts=st.lists(st.text(st.characters(codec="utf-8")), min_size=1, max_size=6),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    comments=st.booleans(),
)
def test_a_stream_says_what_its_pieces_say(texts: list[str], line_end: str, comments: bool) -> None:  # noqa: FBT001
    """However lines end, with comments in between."""
    pieces = [{"choices": [{"delta": {"content": text}}]} for text in texts]
    lines = [f"data: {json.dumps(piece)}" for piece in pieces] + ['data: {"choices": [{"finish_reason": "stop"}]}']
    body = "".join(f"{': wait' + 2 * line_end if comments else ''}{line}{2 * line_end}" for line in lines)
    answer = wire.read_stream(body.encode(), where="m at url")
    expected = said("".join(texts))
    assert (answer.text or "", answer.reasoning) == (expected.text or "", expected.reasoning)


@pytest.mark.parametrize(
    ("status", "body", "instruction"),
    [
        (400, {"code": "context_length_exceeded"}, wire.Refusal),
        (400, {"message": "the context window is 10 tokens"}, wire.Refusal),
        (409, {}, wire.Retry),
        (425, {}, wire.Retry),
        (529, {}, wire.Retry),
        (422, {}, wire.Refusal),
        (413, {}, wire.Refusal),
        (403, {}, NotAuthorised),
        (403, {"metadata": {"flagged_input": "…"}}, wire.Refusal),
        (429, {"type": "insufficient_quota"}, TryLater),
        (400, {"code": "rate_limit_exceeded"}, wire.Retry),
        (407, {}, ConfigError),
        (307, {}, ConfigError),
    ],
)
def test_what_a_status_means(status: int, body: dict[str, object], instruction: type[Exception]) -> None:
    """Tried again, refused for good, or the end of the run."""
    with pytest.raises(instruction):
        wire.judge_status(status, json.dumps({"error": body}), {}, where="m at url")
