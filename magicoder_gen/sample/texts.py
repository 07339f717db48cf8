"""A document's text as line numbers and ids see it."""

from magicoder_gen.fingerprint import digest


def normalised(text: str) -> str:
    """Return `text` without byte order mark and with CRLF and CR turned into LF."""
    text = text.removeprefix("\ufeff")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def content_id(text: str) -> str:
    """Return a document's id: the same for the same normalised text, wherever it lies."""
    return digest(normalised(text))
