"""Rows that were made elsewhere: which files, which columns hold what, and a row as a sample."""

import glob
import json
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import UNSET

from magicoder_gen.errors import ConfigError
from magicoder_gen.fingerprint import digest
from magicoder_gen.records import UNKNOWN, Options, Origin, Record, Rejection, Sample, Seed
from magicoder_gen.storage import row_files

PAIRS = (
    ("problem", "solution"),
    ("instruction", "output"),
    ("instruction", "response"),
    ("prompt", "completion"),
    ("question", "answer"),
)
_CONVERSATIONS = {"messages": ("role", "content"), "conversations": ("from", "value")}
_LOOKED_AT, _SHOWN = 100, 200  # rows; characters of their columns' names
_CONTEXT = "input"  # of alpaca: what the instruction is about
_ANSWERING = frozenset({"assistant", "gpt", "model"})
_OTHER_FORMATS = frozenset({".csv", ".tsv", ".arrow", ".feather", ".xlsx"})
_INSTRUCTING = ("system", "developer")
_LANGUAGES = ("lang", "language", "programming_language")
_SEED, _ID, _MODEL = "seed", "id", "model"
_ORIGIN, _LINES = ("repo", "path", "revision", "license", "swhid"), ("first_line", "last_line")
_USUAL = {name for pair in PAIRS for name in pair}.union(
    [_CONTEXT, _SEED, _ID, _MODEL], _CONVERSATIONS, _LANGUAGES, _ORIGIN, _LINES
)
_PARQUET = ".parquet"
_DAMAGED = "restore the file or leave it out"


class Input(Options, frozen=True):
    """Rows made elsewhere, to be cleaned instead of replies: files `paths`, which may hold globs.

    Formats, by extension: .parquet, else JSON lines (.gz, .zst). `problem` and `solution` name the columns; null =
    found out, row by row: problem and solution, instruction (with input) and output, instruction and response, prompt
    and completion, question and answer, or a conversation in messages or conversations, whose last answer is the
    solution and whose system prompt is left out; parts of a turn's text are joined, and the turns of a column that
    holds such. `language`, `seed` and `id` name further columns; null = lang or language, seed, id, where there are
    any; the id becomes the sample's `prompt_id`. What `export` writes of where a row comes from is read too: repo,
    path, revision, license, swhid and lines.
    """

    paths: Annotated[tuple[Path, ...], msgspec.Meta(min_length=1)]
    problem: str | None = None
    solution: str | None = None
    language: str | None = None
    seed: str | None = None
    id: str | None = None

    def files(self) -> list[Path]:
        """Return the files in the order of `paths`, each glob sorted; raise ConfigError where there are none."""
        found: list[Path] = []
        for path in self.paths:
            matching = [path] if path.is_file() else [Path(name) for name in sorted(glob.glob(str(path)))]  # noqa: PTH207  # absolute
            found += [match for match in matching if match.is_file()]
            if path.suffix in _OTHER_FORMATS:
                raise ConfigError(
                    f"clean.input.paths: {path} is no JSON lines or parquet file; convert it to one of them"
                )
            if not any(match.is_file() for match in matching):
                raise ConfigError(f"clean.input.paths: {path} is no file; name JSON lines or parquet files")
        if nameless := next((path for path in found if not _is_unicode(str(path))), None):
            raise ConfigError(f"clean.input.paths: the name of {str(nameless)!r} is not UTF-8; rename the file")
        return found

    def identity(self) -> list[list[Any]]:
        """Return name, size and time of every file, which stand for the rows."""
        return [[str(path), path.stat().st_size, path.stat().st_mtime_ns] for path in self.files()]

    def check(self) -> None:
        """Raise ConfigError if none of the first rows of a file has the columns."""
        for path in self.files():
            lines = list(islice(self.lines(path), _LOOKED_AT))
            rows = [row for line in lines if isinstance(row := _decoded(line), dict)]
            if not rows and _is_array(next(filter(None, map(bytes.strip, lines)), b"")):
                raise ConfigError(f"{path}: one JSON array; write an object a line, as `jq -c '.[]'` does")
            if rows and (missing := self._missing(rows)):
                what, remedy = missing
                names = ", ".join(sorted(_columns_of(path) or rows[0]))[:_SHOWN]
                raise ConfigError(f"{path}: no column {what}; it has {names}; {remedy}")

    def _missing(self, rows: list[dict[str, Any]]) -> tuple[str, str] | None:
        """Return which column no row has, and what to do."""
        reasons = [texts for row in rows if isinstance(texts := self.texts(row), str)]
        if len(reasons) == len(rows) and all(reason.startswith("missing") for reason in reasons):
            remedy = "name the columns in clean.input.problem and clean.input.solution"
            return f"for the {reasons[0].removeprefix('missing_')}", remedy
        for key in ("language", "seed", "id"):
            name = getattr(self, key)
            if name is not None and not any(name in row for row in rows):
                return name, f"correct clean.input.{key} or leave it out"
        return None

    def lines(self, path: Path) -> Iterator[bytes]:
        """Yield the rows of a file as JSON lines, lazily; blank lines too, since they count.

        Of parquet, only the columns that may mean something here: others may hold what JSON or Python has not.
        """
        if path.suffix != _PARQUET:
            return row_files.lines(path, remedy=_DAMAGED)
        named = {self.problem, self.solution, self.language, self.seed, self.id} - {None}
        rows = row_files.parquet(path, remedy=_DAMAGED, columns=sorted(_USUAL.union(filter(None, named))))
        return map(msgspec.json.Encoder(enc_hook=str).encode, rows)

    def texts(self, row: dict[str, Any]) -> tuple[str, str] | str:
        """Return problem and solution of a row, or why it has none."""
        found = self._columns(row) or _turns(row)
        problem, solution = found or (row.get(self.problem or "problem"), row.get(self.solution or "solution"))
        for name, text in (("problem", problem), ("solution", solution)):
            if text is None:
                return f"missing_{name}"
            if not isinstance(text, str):
                return f"{name}_is_no_text"
            if not _is_unicode(text):
                return f"{name}_is_no_unicode"
            if not text.strip():
                return f"empty_{name}"
        return str(problem), str(solution)

    def _columns(self, row: dict[str, Any]) -> tuple[Any, Any] | None:
        if self.problem or self.solution:
            return _told(row.get(self.problem or "problem")), _told(row.get(self.solution or "solution"))
        pair = next((pair for pair in PAIRS if pair[0] in row and pair[1] in row), None)
        if pair is None:
            return None
        problem, context = _told(row[pair[0]]), row.get(_CONTEXT)
        if pair[0] == "instruction" and isinstance(context, str) and context.strip() and isinstance(problem, str):
            problem = f"{problem}\n\n{context}"
        return problem, _told(row[pair[1]])


class Place(Record, frozen=True):
    """Where a row stands: `index` counts over all files from 0, `line` in its file from 1."""

    file: str
    line: int
    index: int


def draft(line: bytes, place: Place, columns: Input) -> Sample | Rejection:
    """Return the row of a line as a sample, whose seed is what the row says of one, or why it is none."""
    row = _decoded(line)
    texts = columns.texts(row) if isinstance(row, dict) else ("not_json" if row is UNSET else "not_an_object")
    if isinstance(texts, str):
        said = row if isinstance(row, dict) else {}  # so that who asks to be left out can be
        seed, raw = _seed(said, None, UNKNOWN, place), line.decode(errors="replace")
        return Rejection("", seed, raw, "row", texts, {"file": place.file, "line": place.line})
    problem, solution = texts
    language = next(filter(None, (_text(row.get(name)) for name in (columns.language, *_LANGUAGES))), UNKNOWN)
    code = _text(row.get(columns.seed or _SEED))
    known = row.get(columns.id or _ID)
    prompt_id = _text(str(known) if isinstance(known, int) else known)
    if prompt_id is None:
        prompt_id = digest([code, problem, solution])
    answerer = _text(row.get(_MODEL)) or UNKNOWN
    return Sample(
        digest([prompt_id, problem, solution]),
        prompt_id,
        _seed(row, code, language, place),
        problem,
        solution,
        answerer,
        {},
    )


def _seed(row: dict[str, Any], text: str | None, language: str, place: Place) -> Seed:
    """Return the seed of a row; one that the row does not name has an empty id.

    What the row says of where it comes from is taken over, as long as it makes sense: the columns that we export.
    """
    identity = "" if text is None else f"row-{place.index}"
    origin = Origin(f"rows:{place.file}", **{name: _said(row.get(name)) for name in _ORIGIN})
    first, last = (row.get(name) for name in _LINES)
    if not (type(first) is int and type(last) is int and 1 <= first <= last):
        first, last = 1, (text or "").removesuffix("\n").count("\n") + 1
    return Seed(identity, text or "", language, first, last, origin, place.index)


def _turns(row: dict[str, Any]) -> tuple[Any, Any] | None:
    """Return all that is said before the last answer of a conversation, and that answer; None if there is none.

    System prompts are left out: shared by many rows, they would make all of them near duplicates. Turns without
    content say nothing, calls of tools among them.
    """
    for column, (role, content) in _CONVERSATIONS.items():
        turns = row.get(column)
        if isinstance(turns, list) and all(isinstance(turn, dict) for turn in turns):
            said = _spoken(turns, role, content)
            last = max((place for place, (who, _) in enumerate(said) if str(who) in _ANSWERING), default=None)
            before = _together([text for _, text in said[:last]])
            return before, None if last is None else said[last][1]
    return None


def _told(value: Any) -> Any:
    """Return what the turns of a list say, as one text, where a column of texts holds such; else what it holds."""
    if not (isinstance(value, list) and value and all(isinstance(turn, dict) for turn in value)):
        return value
    role, content = next((names for names in _CONVERSATIONS.values() if names[1] in value[0]), ("", ""))
    return _together([text for _, text in _spoken(value, role, content)]) if content else value


def _spoken(turns: Sequence[dict[str, Any]], role: str, content: str) -> list[tuple[Any, Any]]:
    """Return who says what; without system prompts, and turns that say nothing."""
    said = [(turn.get(role), _joined(turn.get(content))) for turn in turns]
    return [(who, text) for who, text in said if text is not None and who not in _INSTRUCTING]


def _joined(content: Any) -> Any:
    """Return the text of a turn's content, whose parts may be a list; what is no text as it is."""
    if not isinstance(content, list):
        return content
    parts = [_part(part) for part in content]
    return "\n\n".join(parts) if all(isinstance(part, str) for part in parts) else content


def _part(part: Any) -> Any:
    return part.get("text") if isinstance(part, dict) and part.get("type", "text") == "text" else part


def _together(contents: Sequence[Any]) -> Any:
    """Return all texts as one, None if they say nothing; the first that is no text if there is one."""
    strange = next((content for content in contents if not isinstance(content, str)), None)
    return strange if strange is not None else "\n\n".join(contents) or None


def _text(value: Any) -> str | None:
    """Return what a column holds if that is text."""
    return value if isinstance(value, str) and _is_unicode(value) else None


def _said(value: Any) -> str | None:
    """Return what a column holds if that is text, and not blank."""
    text = _text(value)
    return text if text and not text.isspace() else None


def _is_unicode(text: str) -> bool:
    """Whether UTF-8 can hold a text: JSON can spell halves of surrogate pairs, and a file's name can be any bytes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _decoded(line: bytes) -> Any:
    """Return what a line says, UNSET if it is no JSON.

    What Python writes and the faster parser refuses is read too: NaN, 1e999, halves of surrogate pairs.
    """
    try:
        return msgspec.json.decode(line)
    except RecursionError:
        return UNSET
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _as_python_does(line)


def _as_python_does(line: bytes) -> Any:
    try:
        return json.loads(line.decode())
    except (ValueError, RecursionError):
        return UNSET


def _is_array(line: bytes) -> bool:
    """Whether a file that begins so is one array of rows."""
    rows = [{}] if line == b"[" else _decoded(line)
    return isinstance(rows, list) and bool(rows) and isinstance(rows[0], dict)


def _columns_of(path: Path) -> list[str]:
    """Return the columns of a parquet file; nothing of another, whose rows say what they have."""
    return row_files.parquet_columns(path, remedy=_DAMAGED) if path.suffix == _PARQUET else []
