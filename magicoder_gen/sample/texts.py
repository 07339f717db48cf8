"""A document's normal form, in which lines are counted, snippets drawn and documents compared."""

import hashlib

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_TAGS = (b"<reponame>", b"<filename>", b"<gh_stars>")
UNUSUAL_STARTS = (_BYTE_ORDER_MARK, *_TAGS)


def normalised(content: bytes) -> bytes:
    """Return `content` without byte order mark and header tags, LF as its only line end.

    Header tags are those that bigcode/starcoderdata puts on the first line of some rows:
    `<reponame>…<filename>…<gh_stars>…`. They are no code, so their line goes.
    """
    if content.startswith(UNUSUAL_STARTS):
        content = content.removeprefix(_BYTE_ORDER_MARK)
        if content.startswith(_TAGS):
            content = content[content.find(b"\n") + 1 or len(content) :]
    return content.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in content else content


def content_id(normal_form: bytes) -> str:
    """Return the id of a document of that normal form: 32 hex digits, the same wherever it lies."""
    return hashlib.sha256(normal_form).hexdigest()[:32]


def swhid(content: bytes) -> str:
    """Return the Software Heritage identifier of a file, from its bytes as they were committed.

    Source: https://docs.softwareheritage.org/devel/swh-model/persistent-identifiers.html
    """
    blob = hashlib.sha1(b"blob %d\0" % len(content), usedforsecurity=False)
    blob.update(content)
    return f"swh:1:cnt:{blob.hexdigest()}"
