"""Which samples are exported: comparisons of fields and labels, joined by and, or, not.

    condition  = all {"or" all}
    all        = one {"and" one}
    one        = "not" one | "(" condition ")" | comparison
    comparison = field ("=" | "!=" | "<" | "<=" | ">" | ">=") value
               | field ["not"] "in" "[" value {"," value} "]"
               | field "is" ["not"] "null"
    field      = a name of `fields` | "labels." name | "labels[" text "]"
    value      = text in single or double quotes | number | "true" | "false"

Nothing is ever executed. Null equals no value, so `!=` and `not in` hold for it, and no order does. Values of different
kinds are never equal: a label that is true is not 1.
"""

import operator
import re
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

from magicoder_gen.categories.names import NAMES
from magicoder_gen.export import fields
from magicoder_gen.export.fields import CATEGORY, Field, Row, Value
from magicoder_gen.records import Record

Predicate = Callable[[Row], bool]
_MOST_CHARACTERS, _DEEPEST = 10_000, 50
_TOKEN = re.compile(
    r"\s*(?:(?P<name>[^\W\d]\w*(?:\.\w+)*)|(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)"
    r"""|(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<mark>==|!=|<=|>=|[=<>()\[\],]))""",
    re.DOTALL,
)
_EQUAL = {"=", "=="}
_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_WORDS = {"and", "or", "not", "in", "is", "null", "true", "false"}


class _Token(Record, frozen=True):
    """A word of the expression: its kind, the text as written, and its place in characters from 1."""

    kind: str
    text: str
    place: int


def compiled(expression: str | None) -> Predicate:
    """Return the condition as a function; None holds for all. Raise ValueError that names the character."""
    if expression is None:
        return lambda _: True
    return _parser(expression).whole()


def names(expression: str | None) -> set[str]:
    """Return the fields that a condition asks for; raise ValueError as `compiled` does."""
    if expression is None:
        return set()
    parser = _parser(expression)
    parser.whole()
    return parser.names


def _parser(expression: str) -> "_Parser":
    if len(expression) > _MOST_CHARACTERS:
        raise ValueError(f"where: over {_MOST_CHARACTERS} characters; shorten it")
    return _Parser(list(_tokens(expression)))


def _tokens(expression: str) -> list[_Token]:
    found, place = [], 0
    text = expression.rstrip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            start = place + len(text[place:]) - len(text[place:].lstrip())
            what = "a text without its closing quote" if text[start] in "'\"" else f"{text[start]!r} means nothing here"
            raise ValueError(f"where, character {start + 1}: {what}")
        kind = str(match.lastgroup)
        word = match[kind]
        found.append(_Token("word" if word in _WORDS else kind, word, match.start(kind) + 1))
        place = match.end()
    return [*found, _Token("end", "the end", len(text) + 1)]


class _Parser:
    """Reads the tokens from left to right; each method takes what it is named for."""

    def __init__(self, tokens: list[_Token]) -> None:
        self.names: set[str] = set()
        self._tokens = tokens
        self._next = 0
        self._depth = 0

    def whole(self) -> Predicate:
        holds = self._condition()
        if self._token.kind != "end":
            self._fail("and, or, or the end was expected")
        return holds

    @property
    def _token(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        token = self._token
        self._next += token.kind != "end"
        return token

    def _accept(self, *texts: str) -> bool:
        if self._token.kind in {"word", "mark"} and self._token.text in texts:
            self._next += 1
            return True
        return False

    def _expect(self, text: str) -> None:
        if not self._accept(text):
            self._fail(f"{text} was expected")

    def _fail(self, problem: str, token: _Token | None = None) -> NoReturn:
        at = token or self._token
        raise ValueError(f"where, character {at.place}, at {at.text}: {problem}")

    def _condition(self) -> Predicate:
        return self._joined("or", self._all, any)

    def _all(self) -> Predicate:
        return self._joined("and", self._one, all)

    def _joined(self, word: str, part: Callable[[], Predicate], holds: Callable[[Iterable[bool]], bool]) -> Predicate:
        parts = [part()]
        while self._accept(word):
            parts.append(part())
        return parts[0] if len(parts) == 1 else lambda row: holds(each(row) for each in parts)

    def _one(self) -> Predicate:
        if self._token.text not in {"not", "("}:
            return self._comparison()
        self._depth += 1
        if self._depth > _DEEPEST:
            self._fail(f"over {_DEEPEST} deep; simplify it")
        if self._accept("not"):
            inner = self._one()
            holds: Predicate = lambda row: not inner(row)  # noqa: E731  # one line is the whole of it
        else:
            self._expect("(")
            holds = self._condition()
            self._expect(")")
        self._depth -= 1
        return holds

    def _comparison(self) -> Predicate:
        field = self._field()
        sign = self._token
        if self._accept("is"):
            wanted = not self._accept("not")
            self._expect("null")
            return lambda row: (field.of(row) is None) is wanted
        if self._accept("not"):
            self._expect("in")
            listed = self._values(field)
            return lambda row: not _is_in(field.of(row), listed)
        if self._accept("in"):
            listed = self._values(field)
            return lambda row: _is_in(field.of(row), listed)
        if not self._accept(*_EQUAL, "!=", *_ORDERS):
            self._fail(f"a comparison of {field.name} was expected: =, !=, <, <=, >, >=, in, is null")
        return _compared(field, sign.text, self._value(field))

    def _field(self) -> Field:
        token = self._take()
        if token.text == "labels" and self._accept("["):
            name = self._take()
            if name.kind != "text":
                self._fail("the name of a label in quotes was expected", name)
            self._expect("]")
            return fields.label(_unquoted(name.text))
        if token.kind != "name":
            self._fail("a field was expected, such as language or labels.NAME", token)
        self.names.add(token.text)
        try:
            return fields.named(token.text)
        except ValueError as error:
            self._fail(str(error), token)

    def _values(self, field: Field) -> list[Value]:
        closing = ")" if self._accept("(") else "]"
        if closing == "]":
            self._expect("[")
        values = [self._value(field)]
        while self._accept(","):
            values.append(self._value(field))
        self._expect(closing)
        return values

    def _value(self, field: Field) -> Value:
        token = self._take()
        if token.text == "null" and token.kind == "word":
            self._fail(f"write {field.name} is null, or is not null", token)
        value, kind = _value_of(token)
        if kind is None:
            self._fail("a text in quotes, a number, true or false was expected", token)
        if field.kind not in {"any", kind}:
            self._fail(f"{field.name} is a {field.kind}, this is a {kind}", token)
        if field.name == CATEGORY and value not in NAMES:
            self._fail(f"no category {value}; known are {', '.join(NAMES)}", token)
        return value


def _value_of(token: _Token) -> tuple[Value, str | None]:
    """Return a value and its kind, None if it is no value."""
    if token.kind == "text":
        return _unquoted(token.text), "text"
    if token.kind == "number":
        return float(token.text), "number"
    if token.kind == "word" and token.text in {"true", "false"}:
        return token.text == "true", "truth value"
    return None, None


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)


def _compared(field: Field, sign: str, value: Value) -> Predicate:
    if sign in _ORDERS:
        order = _ORDERS[sign]
        return lambda row: _are_alike(found := field.of(row), value) and order(found, value)
    wanted = sign in _EQUAL
    return lambda row: _is_in(field.of(row), [value]) is wanted


def _is_in(found: Value, values: list[Value]) -> bool:
    return any(_are_alike(found, value) and found == value for value in values)


def _are_alike(found: Value, value: Value) -> bool:
    """Whether both are texts, both numbers or both truth values."""
    if isinstance(found, bool) or isinstance(value, bool):
        return isinstance(found, bool) and isinstance(value, bool)
    return found is not None and isinstance(found, str) is isinstance(value, str)
