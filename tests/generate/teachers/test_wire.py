"""What servers say, however they say it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magicoder_gen.errors import MagicoderError
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
