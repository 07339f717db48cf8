"""A record batch as documents: only texts are converted, origins when they are asked for."""

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import count, repeat
from typing import Any

from magicoder_gen.records import Document, Origin, Skipped
from magicoder_gen.sample.corpora.columns import Columns, as_word

_REASONS = {type(None): "empty", bytes: "too_large", object: "bad_row"}


def documents(batch: Any, *, columns: Columns, corpus: str, max_bytes: int) -> Iterator[Document | Skipped]:
    """Yield the rows of a `pyarrow.RecordBatch` that has all of `columns`, in order.

    A text is a string, of whatever arrow type, or bytes; it is not checked to be UTF-8. A null is `empty`, another
    type `bad_row`, more than `max_bytes` is `too_large`, a row without a language `no_language`.
    """
    contents = _contents(batch.column(columns.text))
    told = {field: batch.column(name) for field, name in columns.of_origin().items()}
    locate = partial(_origin, corpus, told)
    for content, language, index in zip(contents, _languages(batch, columns), count(), strict=False):
        if language is None:
            yield Skipped("no_language", locate(index))
        elif content.__class__ is bytes and len(content) <= max_bytes:
            yield Document(content, language, partial(locate, index))
        else:
            yield Skipped(_REASONS[content.__class__], locate(index))


def _languages(batch: Any, columns: Columns) -> Iterable[str | None]:
    name = columns.language_name()
    if name is None:
        return repeat(columns.language)
    words = [as_word(value) for value in _values(batch.column(name))]
    known = {word: columns.language_of(word) for word in set(words)}
    return [known[word] for word in words]


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
