"""Count tokens where the teacher does not say; never waits, and says once when it can only estimate.

tiktoken fetches its tables at first use, without a deadline. So they are loaded in the background; until they are
there, and where they cannot be had, four bytes count as a token.
"""

import logging
import os
import tempfile
import threading
from collections.abc import Callable
from functools import cache
from hashlib import sha1
from pathlib import Path

logger = logging.getLogger("magicoder_gen")

BYTES_PER_TOKEN = 4  # an estimate for code and English
_ANY = "o200k_base"  # the encoding of models that tiktoken does not know
_TABLES = "https://openaipublic.blob.core.windows.net/encodings"  # by whose names tiktoken keeps them


def count(text: str, model: str) -> int:
    """Return the tokens of `text` for `model`, as well as can be told now."""
    return counter(model).count(text)


@cache
def counter(model: str) -> "Counter":
    """Return the counter for `model`; made once per model."""
    return Counter(model)


class Counter:
    """Counts with tiktoken once its tables are loaded, by length until then."""

    def __init__(self, model: str) -> None:
        self._encode: Callable[[str], int] | None = None
        self.loading = threading.Thread(target=self._load, args=(model,), daemon=True)
        self.loading.start()

    def count(self, text: str) -> int:
        """Return the number of tokens."""
        if self._encode is not None:
            return self._encode(text)
        return -(-len(text.encode("utf-8", "replace")) // BYTES_PER_TOKEN)

    def _load(self, model: str) -> None:
        try:
            import tiktoken

            try:
                encoding = tiktoken.encoding_for_model(model)
            except KeyError:
                encoding = tiktoken.get_encoding(_ANY)
        except Exception as error:  # noqa: BLE001  # whatever its downloader raises, the estimate stands
            logger.warning(
                "the teacher gives no token counts and tiktoken has no tables here (%s): counting %d bytes as a token",
                type(error).__name__,
                BYTES_PER_TOKEN,
            )
            return
        self._encode = lambda text: len(encoding.encode(text, disallowed_special=()))


def at_hand(model: str) -> Callable[[str], int] | None:
    """Return what counts the tokens of a text for `model`, None where tiktoken would have to fetch its table."""
    import tiktoken

    try:
        name = tiktoken.encoding_name_for_model(model)
    except KeyError:
        name = _ANY
    if not (_table_folder() / sha1(f"{_TABLES}/{name}.tiktoken".encode()).hexdigest()).is_file():  # noqa: S324  # a name
        return None
    try:
        encoding = tiktoken.get_encoding(name)
    except Exception:  # noqa: BLE001  # the table is damaged, and its downloader may raise anything
        return None
    return lambda text: len(encoding.encode(text, disallowed_special=()))


def _table_folder() -> Path:
    """Return where tiktoken keeps its tables."""
    named = os.environ.get("TIKTOKEN_CACHE_DIR") or os.environ.get("DATA_GYM_CACHE_DIR")
    return Path(named or Path(tempfile.gettempdir()) / "data-gym-cache")
