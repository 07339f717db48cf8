from hypothesis import given
from hypothesis import strategies as st

from magicoder_gen.sample import texts


def test_only_line_ends_and_the_byte_order_mark_are_changed() -> None:
    """CRLF and CR become LF; form feed and U+2028 stay what they are."""
    assert texts.normalised("\ufeffa\r\nb\rc\x0cd\u2028e\ufeff") == "a\nb\nc\x0cd\u2028e\ufeff"


@given(st.text())
def test_normalising_twice_is_normalising_once_but_for_marks(text: str) -> None:
    """No carriage return survives, and nothing is left to do."""
    once = texts.normalised(text)
    assert "\r" not in once
    assert texts.normalised("\ufeff" + once) == once


def test_a_document_keeps_its_id_whatever_its_line_ends() -> None:
    """A checkout on Windows and one on Linux hold the same document."""
    assert texts.content_id("\ufeffa\r\nb\r\n") == texts.content_id("a\nb\n") != texts.content_id("a\nb")
