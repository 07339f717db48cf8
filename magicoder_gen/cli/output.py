"""Print results."""

import os
import sys
from collections.abc import Callable
from typing import Any


def show(value: Any, lines: Callable[[Any], list[str]], *, as_json: bool) -> None:
    """Print the result: one JSON object, or text made safe for a terminal. Nobody has to listen."""
    import msgspec

    from magicoder_gen import logs

    text = msgspec.json.encode(value).decode() if as_json else logs.printable("\n".join(lines(value)))
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
