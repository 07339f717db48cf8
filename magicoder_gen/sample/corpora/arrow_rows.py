"""A record batch as documents: only texts are converted, origins when they are asked for."""

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import count, repeat
from typing import Any

from magicoder_gen.records import Origin
from magicoder_gen.sample.corpora.columns import Columns, Language, as_word
from magicoder_gen.sample.protocols import Document, Skipped

_REASONS = {type(None): "empty", bytes: "too_large", object: "bad_row"}


def documents(
    batch: Any, *, columns: Columns, corpus: str, max_bytes: int, is_first: bool
) -> Iterator[Document | Skipped]:
    """Yield the rows of a `pyarrow.RecordBatch` that has all of `columns`, in order.

    A text is a string, of whatever arrow type, or bytes; it is not checked to be UTF-8. A null is `empty`, another
    type `bad_row`, more than `max_bytes` is `too_large`, a row without a language `no_language`, with one that we do
    not know `unknown_language`. If the first batch of a fragment has no other, that is told in detail, and that its
    texts are none.
    """
    contents = _contents(batch.column(columns.text))
    told = {field: batch.column(name) for field, name in columns.of_origin().items()}
    locate = partial(_origin, corpus, told)
    found, strange = _languages(batch, columns)
    detail = columns.unknown(strange) if is_first and strange else None
    no_text = _no_text(batch, columns, corpus) if is_first else None
    for content, (language, reason), index in zip(contents, found, count(), strict=False):
        if language is None:
            yield Skipped(reason, locate(index), detail=detail)
            detail = None
        elif content.__class__ is bytes and len(content) <= max_bytes:
            yield Document(content, language, partial(locate, index))
        else:
            yield Skipped(_REASONS[content.__class__], locate(index), detail=no_text)
            no_text = None


def _languages(batch: Any, columns: Columns) -> tuple[Iterable[Language], str | None]:
    """Return each row's language, and the name of one that we do not know if we know none of them."""
    name = columns.language_name()
    if name is None:
        return repeat(Language(columns.language)), None
    words = [as_word(value) for value in _values(batch.column(name))]
    known = {word: columns.language_of(word) for word in set(words)}
    strange = [word for word, language in known.items() if word and language.reason == "unknown_language"]
    none_known = all(language.name is None for language in known.values())
    return [known[word] for word in words], min(strange, default=None) if none_known else None


def _origin(corpus: str, told: dict[str, Any], index: int) -> Origin:
    """Return where row `index` comes from; `told` holds the columns that say so, by field."""
    return Origin(corpus, **{field: as_word(_value(array, index)) for field, array in told.items()})


def _value(array: Any, index: int) -> Any:
    try:
        return array[index].as_py()
    except UnicodeDecodeError:
        return _values(array.slice(index, 1))[0]


def _values(array: Any) -> list[Any]:
    """Return an array's values; as bytes where a string is not UTF-8, which arrow does not check, in a list as None."""
    try:
        values: list[Any] = array.to_pylist()
    except UnicodeDecodeError:
        binary = _as_binary(array)
        values = [None] * len(array) if binary is None else binary.to_pylist()
    return values


def _contents(array: Any) -> list[Any]:
    """Return each value's bytes, None for a null, and an `object` for what is neither string nor bytes."""
    binary = _as_binary(array)
    if binary is None:
        return [None if is_null else object() for is_null in array.is_null().to_pylist()]
    contents: list[Any] = binary.to_pylist()
    return contents


def _no_text(batch: Any, columns: Columns, corpus: str) -> str | None:
    """Return what the log says where the column of texts holds none, whatever its rows are; None if it holds texts."""
    array = batch.column(columns.text)
    if _as_binary(array.slice(0, 0)) is not None:
        return None
    return f"{corpus}: column {columns.text!r} holds {array.type}, not text; its rows are left out"


def _as_binary(array: Any) -> Any:
    """Return strings or bytes of whatever arrow type as bytes, None for an array of something else."""
    import pyarrow

    array = getattr(array, "storage", array)
    if pyarrow.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    # To the offsets it has: then the cast copies nothing.
    to = pyarrow.binary() if array.type == pyarrow.string() else pyarrow.large_binary()
    try:
        return array.cast(to)
    except (pyarrow.ArrowInvalid, pyarrow.ArrowNotImplementedError):
        return None
