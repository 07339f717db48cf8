"""Hostile text made harmless."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from reporting import HOSTILE

from magicoder_gen.report import texts


@given(st.text())
def test_data_of_a_script_come_back_and_hold_no_markup(text: str) -> None:
    """As JSON; no character ends the script or its line."""
    found = texts.for_script({"text": text + HOSTILE})
    assert msgspec.json.decode(found) == {"text": text + HOSTILE}
    assert not set(found) & set("<>&\u2028\u2029\n")


@given(st.text())
def test_what_is_seen_is_what_is_there(text: str) -> None:
    """No control character is left but tab and line end; printable text stays as it is."""
    found = texts.visible(text)
    assert all(char in "\n\t" or ord(char) >= 0x20 for char in found)
    assert not set(found) & set("\x7f\x9b\u202e\u2066\u200b")
    if text.isascii() and text.isprintable():
        assert found == text


def test_control_characters_are_shown() -> None:
    """As pictures, or by name."""
    assert texts.visible("\x1b[1m\x00\x7f \u202e") == "␛[1m␀␡ [RIGHT-TO-LEFT OVERRIDE]"
    assert texts.visible("a\r\nb\rc") == "a\nb␍c"


def test_what_is_cut_is_counted() -> None:
    """Nothing vanishes unsaid."""
    assert texts.cut("abc", 3) == "abc"
    assert texts.cut("x" * 1500, 400) == "x" * 400 + " [… 1,100 more characters]"


def test_a_name_holds_no_secret() -> None:
    """However short; it is taken out before the name is cut."""
    key = "AKIA" + "Q7ZX3MPLR2TV5WKD"
    assert texts.name(key) == "[removed: aws_access_key_id]"
    assert key[:10] not in texts.name("x" * 90 + " " + key + "y" * 50)
    assert texts.renamed({key: 1, f"{key[:-1]}E": 2, "b": 3}) == {"[removed: aws_access_key_id]": 3, "b": 3}
