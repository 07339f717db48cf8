"""The normal form of a document, and its names."""

import subprocess

from hypothesis import given
from hypothesis import strategies as st

from magicoder_gen.sample import texts


def test_only_line_ends_and_the_byte_order_mark_are_changed() -> None:
    """CRLF and CR become LF; form feed and U+2028 stay what they are."""
    content = "\ufeffa\r\nb\rc\x0cd\u2028e\ufeff".encode()
    assert texts.normalised(content) == "a\nb\nc\x0cd\u2028e\ufeff".encode()


@given(st.binary())
def test_normalising_twice_is_normalising_once_but_for_what_stands_first(content: bytes) -> None:
    """No carriage return survives, and nothing is left to do."""
    once = texts.normalised(content)
    assert b"\r" not in once
    assert texts.normalised(b"\xef\xbb\xbf" + once) == once or once.startswith((b"\xef\xbb\xbf", b"<"))


def test_header_tags_go_with_their_line() -> None:
    """Any of the three, in the order of bigcode/starcoderdata; later ones are text."""
    code = b"import os\n<filename>\n"
    for tags in (b"<reponame>a/b<filename>c.py<gh_stars>10-100\n", b"<filename>c.py\r\n", b"<gh_stars>0\n"):
        assert texts.normalised(tags + code) == code
    assert texts.normalised(b"<reponame>a/b") == b""
    assert texts.normalised(b"<html>\n") == b"<html>\n"


def test_a_document_keeps_its_id_whatever_its_line_ends() -> None:
    """A checkout on Windows and one on Linux hold the same document, which the id tells by its normal form."""
    windows, linux = (texts.content_id(texts.normalised(form)) for form in (b"\xef\xbb\xbfa\r\nb\r\n", b"a\nb\n"))
    assert windows == linux != texts.content_id(b"a\nb")


@given(st.binary(max_size=300))
def test_ids_are_hexadecimal(content: bytes) -> None:
    """32 digits, also for what is no text."""
    assert len(bytes.fromhex(texts.content_id(content))) == 16


def test_the_swhid_is_that_of_git() -> None:
    """The Software Heritage identifier of a file's content is git's name of its blob."""
    content = b"a\r\n\xe9"
    blob = subprocess.run(["git", "hash-object", "--stdin"], input=content, capture_output=True, check=True)
    assert texts.swhid(content) == f"swh:1:cnt:{blob.stdout.decode().strip()}"
