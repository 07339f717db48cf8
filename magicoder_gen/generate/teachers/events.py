"""Server-sent events, as far as chat servers use them."""

import re
from collections.abc import Iterator


def of(body: bytes) -> Iterator[bytes]:
    """Yield the data of each event; comments, which keep the connection alive, and other fields are passed over.

    What llama.cpp sends as a field `error` counts as data.
    """
    data: list[bytes] = []
    for line in re.split(rb"\r\n|\n|\r", body):
        field, _, value = line.partition(b":")
        if field == b"data":
            data.append(value.removeprefix(b" "))
        elif field == b"error":
            yield b'{"error":%b}' % value
        elif not line and data:
            yield b"\n".join(data).strip()
            data = []
    if data:
        yield b"\n".join(data).strip()
