"""Rows that were made elsewhere: formats, columns, what is wrong with a row or a file."""

import gzip
import os
from pathlib import Path
from typing import Any

import msgspec
import pyarrow
import pyarrow.parquet
import pytest

from magicoder_gen.clean import inputs, portions
from magicoder_gen.clean.inputs import Input, Place
from magicoder_gen.errors import ConfigError, CorruptData
from magicoder_gen.records import Origin, Rejection, Sample

CODE = "```python\nx = 1\n```"
AN_ANSWER = {"role": "assistant", "content": "s"}
NO_PROBLEM = "problem_is_no_text"


def draft(row: Any, **columns: str) -> Sample | Rejection:
    """The row as a sample, or why it is none; it stands in line 3."""
    line = row if isinstance(row, bytes) else msgspec.json.encode(row)
    return inputs.draft(line, Place("rows.jsonl", 3, 2), Input(paths=(Path("rows.jsonl"),), **columns))


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"problem": "p", "solution": "s"}, "p"),
        ({"instruction": "p", "input": "about x", "output": "s"}, "p\n\nabout x"),
        ({"instruction": "p", "input": "", "output": "s"}, "p"),
        ({"instruction": "p", "response": "s"}, "p"),
        ({"prompt": "p", "completion": "s"}, "p"),
        ({"question": "p", "answer": "s"}, "p"),
        (
            {
                "prompt": [{"role": "system", "content": "be kind"}, {"role": "user", "content": "p"}],
                "completion": [{"role": "assistant", "content": "s"}],
            },
            "p",
        ),
        (
            {
                "problem": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}],
                "solution": [{"from": "gpt", "value": "s"}],
            },
            "a\n\nb",
        ),
        ({"messages": [{"role": "user", "content": "p"}, {"role": "assistant", "content": "s"}]}, "p"),
        ({"conversations": [{"from": "human", "value": "p"}, {"from": "gpt", "value": "s"}]}, "p"),
        (
            {
                "messages": [
                    {"role": "system", "content": "be kind"},
                    {"role": "user", "content": "a"},
                    {"role": "assistant", "content": "b"},
                    {"role": "user", "content": "c"},
                    {"role": "assistant", "content": "s"},
                ]
            },
            "a\n\nb\n\nc",
        ),
        (
            {
                "messages": [
                    {"role": "system", "content": [{"type": "image"}]},
                    {"role": "user", "content": [{"type": "text", "text": "a"}, {"text": "b"}, "c"]},
                    {"role": "assistant", "content": None, "tool_calls": []},
                    {"role": "assistant", "content": [{"type": "text", "text": "s"}]},
                ]
            },
            "a\n\nb\n\nc",
        ),
    ],
)
def test_usual_columns_are_known(row: dict[str, Any], problem: str) -> None:
    """The formats that trainers read; of a conversation, the last answer is the solution and all before the problem."""
    sample = draft(row)
    assert isinstance(sample, Sample)
    assert (sample.problem, sample.solution) == (problem, "s")


def test_columns_can_be_named() -> None:
    """What is named is used, even where a usual name is there too."""
    row = {"problem": "wrong", "task": "p", "solution": "s", "tongue": "rust", "snippet": "let x;", "key": 7}
    sample = draft(row, problem="task", language="tongue", seed="snippet", id="key")
    assert isinstance(sample, Sample)
    assert (sample.problem, sample.solution) == ("p", "s")
    assert (sample.seed.language, sample.seed.text, sample.prompt_id) == ("rust", "let x;", "7")


def test_a_row_knows_where_it_stands() -> None:
    """The index is the line number over all files, the origin names the file."""
    sample = draft({"problem": "p", "solution": "s"})
    assert isinstance(sample, Sample)
    assert (sample.seed.index, sample.seed.origin.corpus, sample.seed.language) == (2, "rows:rows.jsonl", "unknown")
    assert (sample.seed.id, sample.model) == ("", "unknown")


def test_what_was_exported_keeps_where_it_comes_from() -> None:
    """Repository, path, licence and lines of an exported row are those of the sample; what makes no sense is left."""
    row = {"problem": "p", "solution": "s", "seed": "a\nb\n", "repo": "a/b", "path": "c.py", "license": "MIT"}
    sample = draft(row | {"first_line": 7, "last_line": 8, "revision": None, "swhid": 3})
    assert isinstance(sample, Sample)
    assert sample.seed.origin == Origin("rows:rows.jsonl", "a/b", "c.py", license="MIT")
    assert (sample.seed.first_line, sample.seed.last_line) == (7, 8)
    for lines in ({"first_line": 8, "last_line": 7}, {"first_line": True, "last_line": 9}, {"first_line": 1}, {}):
        strange = draft(row | lines)
        assert isinstance(strange, Sample)
        assert (strange.seed.first_line, strange.seed.last_line) == (1, 2)


@pytest.mark.parametrize("blank", ["", " ", "\n\t"])
def test_blank_text_says_nothing_of_where_a_row_comes_from(blank: str) -> None:
    """It is no repository and no licence; the ids of the row do not depend on it."""
    names = ("repo", "path", "revision", "license", "swhid")
    row = {"problem": "p", "solution": "s", "seed": "x"}
    told, plain = draft(row | dict.fromkeys(names, blank)), draft(row)
    assert isinstance(told, Sample)
    assert told == plain
    assert told.seed.origin == Origin("rows:rows.jsonl")


def test_an_array_of_rows_is_refused(tmp_path: Path) -> None:
    """Before anything is done, with the remedy: each of its lines would be a rejection."""
    for text in ('[{"problem": "p", "solution": "s"}]', '[\n  {\n    "problem": "p"\n  }\n]\n'):
        path = tmp_path / "rows.json"
        path.write_text(text)
        with pytest.raises(ConfigError, match=r"rows.json: one JSON array; write an object a line"):
            Input(paths=(path,)).check()


def test_an_id_is_of_what_the_row_says() -> None:
    """Not of where it stands, so that the order of rows cannot decide which of two duplicates stays."""
    row = msgspec.json.encode({"problem": "p", "solution": "s"})
    columns = Input(paths=(Path("a"),))
    first, second = (inputs.draft(row, Place("a", line, line), columns) for line in (1, 2))
    assert isinstance(first, Sample)
    assert isinstance(second, Sample)
    assert first.id == second.id


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b'{"problem": "p", "solu', "not_json"),
        (b"\xff\xfe", "not_json"),
        (b"[" * 2000, "not_json"),
        (b'{"problem": "p", "solution": "s", "more": ' + b"[" * 2000 + b"]" * 2000 + b"}", "not_json"),
        ([1], "not_an_object"),
        (b"null", "not_an_object"),
        (b"NaN", "not_an_object"),
        (b'{"problem": "p \\ud800", "solution": "s"}', "problem_is_no_unicode"),
        (b'{"problem": "p", "solution": "\\udc00 s"}', "solution_is_no_unicode"),
        ({"text": "p"}, "missing_problem"),
        ({"problem": "p"}, "missing_solution"),
        ({"problem": None, "solution": "s"}, "missing_problem"),
        ({"problem": 7, "solution": "s"}, "problem_is_no_text"),
        ({"problem": "p", "solution": ["s"]}, "solution_is_no_text"),
        ({"problem": [], "solution": "s"}, NO_PROBLEM),
        ({"problem": [{"text": "p"}], "solution": "s"}, NO_PROBLEM),
        ({"prompt": [{"role": "user", "content": 7}], "completion": [AN_ANSWER]}, NO_PROBLEM),
        ({"prompt": [{"role": "system", "content": "p"}], "completion": [AN_ANSWER]}, "missing_problem"),
        ({"prompt": [{"role": "user", "content": "p"}], "completion": [{"content": None}]}, "missing_solution"),
        ({"prompt": [{"role": "user", "content": "p"}, "q"], "completion": [AN_ANSWER]}, NO_PROBLEM),
        ({"problem": " \n", "solution": "s"}, "empty_problem"),
        ({"problem": "p", "solution": ""}, "empty_solution"),
        ({"messages": [{"role": "user", "content": "p"}]}, "missing_solution"),
        ({"messages": [{"role": "assistant", "content": "s"}]}, "missing_problem"),
        ({"messages": "p"}, "missing_problem"),
        ({"messages": ["p"]}, "missing_problem"),
        ({"messages": [{"role": ["x"], "content": "p"}]}, "missing_solution"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}, AN_ANSWER]}, "problem_is_no_text"),
        ({"messages": [{"role": "user", "content": "p"}, {"role": "tool", "content": 7}, AN_ANSWER]}, NO_PROBLEM),
        ({"messages": [{"role": "user", "content": "p"}, {**AN_ANSWER, "content": {"a": "s"}}]}, "solution_is_no_text"),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": 7}]}, AN_ANSWER]}, "problem_is_no_text"),
        ({"messages": [{"role": "user", "content": []}, AN_ANSWER]}, "missing_problem"),
    ],
)
def test_what_is_wrong_with_a_row_is_a_reason(row: Any, reason: str) -> None:
    """The row is kept as it is, with file and line."""
    rejection = draft(row)
    assert isinstance(rejection, Rejection)
    assert (rejection.check, rejection.reason) == ("row", reason)
    assert rejection.evidence == {"file": "rows.jsonl", "line": 3}
    assert rejection.text


@pytest.mark.parametrize("other", [b"1e999", b"NaN", b"-Infinity", b'"\\ud800"', b"9" * 40, b'{"\\udfff": []}'])
def test_what_stands_in_other_columns_does_not_matter(other: bytes) -> None:
    """Numbers that no float holds, halves of surrogate pairs: JSON as Python's own writer leaves it."""
    for column in (b"score", b"seed", b"lang", b"id", b"model"):
        sample = draft(b'{"problem": "p", "solution": "s", "%s": %s}' % (column, other))
        assert isinstance(sample, Sample)
        assert (sample.problem, sample.solution) == ("p", "s")
        msgspec.json.encode(sample)


def written(folder: Path, name: str) -> Path:
    """Two rows in the format that the name says."""
    rows = [{"problem": f"p{number}", "solution": CODE} for number in range(2)]
    lines = b"".join(msgspec.json.encode(row) + b"\n" for row in rows)
    path = folder / name
    if name.endswith(".parquet"):
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    elif name.endswith(".gz"):
        path.write_bytes(gzip.compress(lines))
    elif name.endswith(".zst"):
        path.write_bytes(pyarrow.compress(lines, "zstd", asbytes=True))
    else:
        path.write_bytes(lines)
    return path


@pytest.mark.parametrize("name", ["we:ird.parquet", "hdfs:x.jsonl", "file:a.jsonl.zst"])
def test_no_name_is_a_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A colon in a relative name means nothing."""
    written(tmp_path, name)
    monkeypatch.chdir(tmp_path)
    (portion,) = portions.of_rows(Input(paths=(Path(name),)))
    assert len(portion.lines) == 2


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    """Some editors begin a file with one; inside it is what it is."""
    (tmp_path / "a.jsonl").write_bytes(b'\xef\xbb\xbf{"n": 0}\n\xef\xbb\xbf{}\n')
    (portion,) = portions.of_rows(Input(paths=(tmp_path / "a.jsonl",)))
    assert portion.lines == [b'{"n": 0}', b"\xef\xbb\xbf{}"]
    (tmp_path / "empty.jsonl").write_bytes(b"")
    assert list(portions.of_rows(Input(paths=(tmp_path / "empty.jsonl",)))) == []


NOT_IN_PYTHON = {
    "late": pyarrow.array([2**62], pyarrow.timestamp("us")),
    "early": pyarrow.array([-(2**31)], pyarrow.date32()),
    "zone": pyarrow.array([0], pyarrow.timestamp("s", tz="Moon/Tycho")),
    "twice": pyarrow.StructArray.from_arrays([pyarrow.array([1]), pyarrow.array([2])], names=["a", "a"]),
}


@pytest.mark.parametrize("column", NOT_IN_PYTHON)
def test_columns_that_nobody_needs_do_no_harm(tmp_path: Path, column: str) -> None:
    """Parquet holds more than Python can; where such a column is asked for, it is named."""
    path = tmp_path / "a.parquet"
    columns = {"problem": pyarrow.array(["p"]), "solution": pyarrow.array(["s"]), column: NOT_IN_PYTHON[column]}
    pyarrow.parquet.write_table(pyarrow.table(columns), path)
    Input(paths=(path,)).check()
    (portion,) = portions.of_rows(Input(paths=(path,)))
    assert isinstance(inputs.draft(portion.lines[0], portion.places[0], portion.columns), Sample)
    with pytest.raises(CorruptData, match=rf"a\.parquet is damaged: column {column}: .*; restore"):
        list(portions.of_rows(Input(paths=(path,), id=column)))


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.jsonl.zst", "a.parquet"])
def test_formats(tmp_path: Path, name: str) -> None:
    """JSON lines, compressed or not, and parquet."""
    (portion,) = portions.of_rows(Input(paths=(written(tmp_path, name),)))
    assert [msgspec.json.decode(line)["problem"] for line in portion.lines] == ["p0", "p1"]
    assert [place.index for place in portion.places] == [0, 1]


def test_the_index_counts_over_all_files_and_blank_lines(tmp_path: Path) -> None:
    """A blank line is no row, but later rows keep their line numbers."""
    (tmp_path / "a.jsonl").write_bytes(b'{"n": 0}\n\n{"n": 2}\n\n \n')
    (tmp_path / "b.jsonl").write_bytes(b'{"n": 5}')
    found = list(portions.of_rows(Input(paths=(tmp_path / "*.jsonl",))))
    places = [place for portion in found for place in portion.places]
    assert [(place.file, place.line, place.index) for place in places] == [
        ("a.jsonl", 1, 0),
        ("a.jsonl", 3, 2),
        ("b.jsonl", 1, 5),
    ]


def test_large_rows_make_small_portions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A portion ends with the row that makes it too large; none is lost."""
    monkeypatch.setattr(portions, "BYTES", 50)
    (tmp_path / "a.jsonl").write_bytes(b"".join(b'{"text": "%s"}\n' % (b"x" * size) for size in (10, 10, 100, 10)))
    found = list(portions.of_rows(Input(paths=(tmp_path / "a.jsonl",))))
    assert [len(portion.lines) for portion in found] == [3, 1]


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.jsonl.zst", "a.parquet"])
def test_a_torn_file_is_an_error(tmp_path: Path, name: str) -> None:
    """It says which file, and that it has to be restored; nobody trains on half of it unawares."""
    path = written(tmp_path, name)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(CorruptData, match=rf"{name} is damaged.*restore"):
        list(portions.of_rows(Input(paths=(path,))))


def test_files_must_be_there(tmp_path: Path) -> None:
    """A missing file, a folder, a glob that matches nothing: named, with the key."""
    for path in (tmp_path / "no.jsonl", tmp_path, tmp_path / "*.jsonl"):
        with pytest.raises(ConfigError, match=r"clean\.input\.paths: .* is no file"):
            Input(paths=(path,)).files()


def test_one_foreign_row_does_not_end_it(tmp_path: Path) -> None:
    """Only a file of which none of the first rows has the columns is refused."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"note": "?"}\n{"problem": "p", "solution": "s"}\n')
    Input(paths=(path,)).check()


def test_wrong_columns_are_said_before_anything_is_read(tmp_path: Path) -> None:
    """The error lists the columns that are there."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"task": "p", "code": "s"}\n')
    with pytest.raises(ConfigError, match=r"a\.jsonl: no column for the problem; it has code, task; name the columns"):
        Input(paths=(path,)).check()
    Input(paths=(path,), problem="task", solution="code").check()


def test_columns_that_are_not_there_are_said(tmp_path: Path) -> None:
    """A misspelt name would turn off what depends on it; of parquet too, all columns are listed."""
    rows = [{"problem": "p", "solution": "s", "note": "n"}, {"problem": "p", "solution": "s", "key": "k", "note": "n"}]
    lines, table = tmp_path / "a.jsonl", tmp_path / "a.parquet"
    lines.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist([{"key": None, **row} for row in rows]), table)
    for path in (lines, table):
        Input(paths=(path,), id="key").check()
        for key in ("language", "seed", "id"):
            said = rf"no column nota; it has .*note, problem, solution; correct clean\.input\.{key} or leave it out"
            with pytest.raises(ConfigError, match=said):
                Input(paths=(path,), **{key: "nota"}).check()


def test_a_name_that_is_not_utf8_is_said(tmp_path: Path) -> None:
    """A glob may find what nobody typed."""
    (tmp_path / os.fsdecode(b"caf\xe9.jsonl")).write_bytes(b"{}\n")
    with pytest.raises(ConfigError, match=r"the name of '.*caf\\udce9\.jsonl' is not UTF-8; rename the file"):
        Input(paths=(tmp_path / "*.jsonl",)).files()


def test_files_that_change_are_other_rows(tmp_path: Path) -> None:
    """Name, size and time stand for the rows."""
    path = written(tmp_path, "a.jsonl")
    before = Input(paths=(path,)).identity()
    assert Input(paths=(path,)).identity() == before
    path.write_bytes(b"{}\n")
    assert Input(paths=(path,)).identity() != before
