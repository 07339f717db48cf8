"""Count tokens where the teacher does not say; exact with tiktoken's tables, else an estimate that says so."""

import logging
import threading
from collections.abc import Callable
from functools import cache

logger = logging.getLogger("magicoder_gen")

BYTES_PER_TOKEN = 4  # an estimate for code and English
PATIENCE = 10.0  # seconds; tiktoken fetches its tables at first use, and its download has no deadline


def count(text: str, model: str) -> int:
    """Return the tokens of `text` for `model`."""
    return counter(model)(text)


@cache
def counter(model: str) -> Callable[[str], int]:
    """Return the function that counts tokens for `model`; made once per model."""
    found: list[Callable[[str], int]] = []
    thread = threading.Thread(target=_load, args=(model, found), daemon=True)
    thread.start()
    thread.join(PATIENCE)
    if found:
        return found[0]
    logger.warning(
        "tiktoken's tables cannot be had here: token counts are estimated at %d bytes a token",
        BYTES_PER_TOKEN,
    )
    return lambda text: -(-len(text.encode("utf-8", "replace")) // BYTES_PER_TOKEN)


def _load(model: str, found: list[Callable[[str], int]]) -> None:
    import tiktoken

    try:
        encoding = tiktoken.encoding_for_model(model)
    except KeyError:
        encoding = None
    except Exception as error:  # noqa: BLE001  # whatever its downloader raises, the estimate stands in
        logger.debug("tiktoken: %s", type(error).__name__)
        return
    try:
        encoding = encoding or tiktoken.get_encoding("o200k_base")
    except Exception as error:  # noqa: BLE001  # the same
        logger.debug("tiktoken: %s", type(error).__name__)
        return
    found.append(lambda text: len(encoding.encode(text, disallowed_special=())))
