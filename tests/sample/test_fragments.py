"""Parts of corpora keep what they promise, and damage is told with moderation."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from hub_server import serving
from sampling import a_run, sampled

from magicoder_gen.records import Counts
from magicoder_gen.sample import fragments
from magicoder_gen.sample.corpora.git import Git
from magicoder_gen.sample.corpora.hub import Hub
from magicoder_gen.sample.corpora.local import Local
from magicoder_gen.sample.corpora.stdlib import Stdlib
from magicoder_gen.sample.corpora.tables import Tables
from magicoder_gen.sample.options import SampleOptions
from magicoder_gen.sample.protocols import Skipped

LFS_POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
ROWS = [
    {"content": None if n == 3 else f"x{n} = 1\n" * (n + 1), "lang": ("python", None)[n % 5 == 0]} for n in range(40)
]


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A folder of good files, a large one, a pointer and no code."""
    folder = tmp_path / "code"
    folder.mkdir()
    for number in range(9):
        (folder / f"f{number}.py").write_text(f"x = {number}\n")
    (folder / "large.py").write_bytes(b"x = 1\n" * 1000)
    (folder / "pointer.py").write_bytes(LFS_POINTER)
    (folder / "picture.png").write_bytes(b"\0")
    return folder


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    """Files of every format, of which one parquet file is torn in its second row group, one in its footer."""
    folder = tmp_path / "tables" / "python"
    folder.mkdir(parents=True)
    table = pyarrow.Table.from_pylist(ROWS)
    for name in ("whole", "torn", "gone"):
        pyarrow.parquet.write_table(table, folder / f"{name}.parquet", row_group_size=10)
    torn = folder / "torn.parquet"
    column = pyarrow.parquet.read_metadata(torn).row_group(1).column(0)
    content = bytearray(torn.read_bytes())
    first = column.dictionary_page_offset or column.data_page_offset
    content[first : first + column.total_compressed_size] = bytes(column.total_compressed_size)
    torn.write_bytes(content)
    (folder / "no footer.parquet").write_bytes(b"PAR1")
    (folder / "rows.jsonl").write_bytes(b'{"content": "x", "lang": "python"}\n{torn\n')
    return folder


def lost(parts: list[Any]) -> int:
    """How many documents cannot be read; every part that knows how many it has must give so many, lost ones too."""
    number = 0
    for part in parts:
        found = list(part.read())
        skipped = [one.count for one in found if isinstance(one, Skipped)]
        assert part.documents in {None, sum(skipped) + len(found) - len(skipped)}, part.id
        assert part.languages is None or sum(part.languages.values()) in {0, part.documents}, part.id
        number += sum(skipped)
    assert any(part.documents for part in parts)
    return number


def test_the_standard_library_has_as_many_documents_as_it_says() -> None:
    """Every group of its modules."""
    assert lost(Stdlib().fragments()) == 0


def test_a_folder_has_as_many_documents_as_it_says(code: Path) -> None:
    """Also where a file is too large, is no text, or has gone since."""
    parts = Local(path=code, max_bytes=2000).fragments()
    (code / "f3.py").unlink()
    (code / "f4.py").write_bytes(b"\xe9")
    assert lost(parts) == 2


def test_a_commit_has_as_many_documents_as_it_says(code: Path) -> None:
    """Also where a blob is too large, a pointer, or missing."""
    git = ["git", "-C", str(code), "-c", "user.name=A", "-c", "user.email=a@example.org"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "code"]):
        subprocess.run([*git, *command], check=True)
    blob = subprocess.run([*git, "rev-parse", "HEAD:f3.py"], check=True, capture_output=True, text=True).stdout.strip()
    parts = Git(path=code, max_bytes=2000).fragments()
    (code / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    assert lost(parts) == 3


@pytest.mark.parametrize(("columns", "expected"), [({"language": "python"}, 53), ({"language_column": "lang"}, 67)])
def test_tables_have_as_many_documents_as_they_say(tables: Path, columns: dict[str, str], expected: int) -> None:
    """Also where rows are empty or without a language, a row group is torn, or a file is gone."""
    parts = Tables(paths=(tables / "*.parquet", tables / "rows.jsonl"), **columns).fragments()
    (tables / "gone.parquet").unlink()
    assert lost(parts) == expected + 1  # a line of JSON


@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize(("columns", "expected"), [({"language": "python"}, 53), ({"language_column": "lang"}, 67)])
def test_a_dataset_has_as_many_documents_as_it_says(
    tables: Path, monkeypatch: pytest.MonkeyPatch, columns: dict[str, str], expected: int
) -> None:
    """Also where what is served is damaged, or is not served any more."""
    with serving(tables.parent) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        parts = Hub(dataset="owner/name", data_dir="python", **columns).fragments()
        (tables / "gone.parquet").unlink()
        assert lost(parts) == expected


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No token of the machine; connections are closed at the end."""
    from huggingface_hub import close_session, constants

    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setenv("HF_TOKEN_PATH", str(tmp_path / "no token"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    yield
    close_session()


def test_many_damaged_files_are_not_many_lines(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Twenty are named, the others counted."""
    for number in range(25):
        (tmp_path / f"{number}.parquet").write_bytes(b"PAR1")
    pyarrow.parquet.write_table(pyarrow.table({"content": ["import os, sys\n"]}), tmp_path / "good.parquet")
    options = SampleOptions(num=1, corpora=(Tables(paths=(tmp_path / "*.parquet",), language="python"),))
    entry = sampled(options, a_run(tmp_path))
    assert entry.counts == Counts(26, 1, {"bad_file": 25})
    assert len([record for record in caplog.records if ".parquet" in record.message]) == fragments.LOGGED
    assert "5 more files" in caplog.text


def test_the_same_damage_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    """However often the file is read."""
    damage = fragments.Damage()
    for _ in range(3):
        damage.log([f"file {number} is torn" for number in range(fragments.LOGGED + 2)])
    damage.close()
    assert len(caplog.messages) == fragments.LOGGED + 1
    assert caplog.messages[-1].startswith("2 more files")
