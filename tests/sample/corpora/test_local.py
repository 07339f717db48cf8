import os
from pathlib import Path

import msgspec
import pytest

from magicoder_gen.errors import ConfigError
from magicoder_gen.records import Document, Skipped
from magicoder_gen.sample.corpora.local import Local


def tree(root: Path, **files: str | bytes) -> Path:
    """Write files whose names have "__" for "/" and "_dot_" for "."."""
    for name, content in files.items():
        path = root / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def paths(corpus: Local) -> list[str | None]:
    """The documents' paths, in order."""
    return [document.origin.path for document in corpus.documents()]


def reason(corpus: Local) -> str:
    """Why its only document is none."""
    (skipped,) = corpus.documents()
    assert isinstance(skipped, Skipped)
    return skipped.reason


def test_source_files_come_sorted_with_their_language(tmp_path: Path) -> None:
    """Other files are no documents; the origin is the path below the folder."""
    tree(tmp_path, z_dot_rs="fn f() {}\n", a__b_dot_py="b = 1\n", a_dot_py="a = 1\n", README="text")
    found = list(Local(path=tmp_path).documents())
    assert all(isinstance(document, Document) for document in found)
    assert [(document.origin.path, document.language) for document in found] == [
        ("a/b.py", "python"),
        ("a.py", "python"),
        ("z.rs", "rust"),
    ]
    assert found[0].origin.corpus == f"local:{tmp_path.name}"


def test_languages_include_and_exclude_choose(tmp_path: Path) -> None:
    """All three must agree."""
    tree(tmp_path, src__a_dot_py="", src__vendor__b_dot_py="", src__c_dot_rs="", d_dot_py="")
    corpus = Local(path=tmp_path, languages=("python",), include=("src/**",), exclude=("**/vendor/**",))
    assert paths(corpus) == ["src/a.py"]


def test_foreign_folders_are_left_out(tmp_path: Path) -> None:
    """Hidden folders, packages, caches and virtual environments are not the user's code."""
    for folder in (".git", "node_modules", "x/__pycache__", "env/lib", "mine"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "a.py").write_text("")
    (tmp_path / "env" / "pyvenv.cfg").write_text("")
    assert paths(Local(path=tmp_path)) == ["mine/a.py"]


def test_symbolic_links_are_not_followed(tmp_path: Path) -> None:
    """Neither to files nor to folders, so no loop and no file twice; the folder itself may be a link."""
    tree(tmp_path, real__a_dot_py="a\n")
    (tmp_path / "real" / "loop").symlink_to(tmp_path / "real")
    (tmp_path / "real" / "b.py").symlink_to(tmp_path / "real" / "a.py")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert paths(Local(path=tmp_path / "link")) == ["a.py"]


def test_what_is_not_a_regular_file_is_not_opened(tmp_path: Path) -> None:
    """A named pipe would block for ever."""
    os.mkfifo(tmp_path / "pipe.py")
    assert paths(Local(path=tmp_path)) == []


def test_a_file_name_that_is_not_unicode_can_be_written(tmp_path: Path) -> None:
    """Its odd bytes are replaced in the origin, which must fit into JSON."""
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.py")).write_text("a\n")
    except OSError:
        pytest.skip("this file system takes Unicode names only")
    (document,) = Local(path=tmp_path).documents()
    assert document.origin.path == "\ufffd.py"
    assert msgspec.json.encode(document)


@pytest.mark.parametrize(
    ("content", "expected"), [(b"\x89PNG\0\0", "binary"), (b"caf\xe9 = 1\n", "encoding"), (b"x" * 101, "too_large")]
)
def test_what_is_no_text_says_why(tmp_path: Path, content: bytes, expected: str) -> None:
    """Binary, not UTF-8, or over max_bytes: a reason each, no exception."""
    tree(tmp_path, a_dot_py=content)
    assert reason(Local(path=tmp_path, max_bytes=100)) == expected


def test_a_file_of_100_mb_is_not_read(tmp_path: Path) -> None:
    """Its size is enough to skip it."""
    with (tmp_path / "a.py").open("wb") as file:
        file.truncate(100_000_000)
    assert reason(Local(path=tmp_path)) == "too_large"


def test_the_text_is_raw(tmp_path: Path) -> None:
    """Line ends and byte order mark are the strategy's business."""
    tree(tmp_path, a_dot_py="\ufeffa\r\n")
    (document,) = Local(path=tmp_path).documents()
    assert isinstance(document, Document)
    assert document.text == "\ufeffa\r\n"


def test_an_edited_or_renamed_file_changes_the_identity(tmp_path: Path) -> None:
    """A finished stage is redone when its corpus changed, not when a stray file appeared."""
    tree(tmp_path, a_dot_py="a\n")
    seen = [Local(path=tmp_path).identity()]
    tree(tmp_path, notes_dot_txt="no source")
    assert Local(path=tmp_path).identity() == seen[0]
    tree(tmp_path, a_dot_py="ab\n")
    seen.append(Local(path=tmp_path).identity())
    (tmp_path / "a.py").rename(tmp_path / "b.py")
    seen.append(Local(path=tmp_path).identity())
    assert len(set(seen)) == 3


@pytest.mark.parametrize("name", ["missing", "file.py"])
def test_a_path_that_is_no_folder_is_a_config_error(tmp_path: Path, name: str) -> None:
    """It names the key and the path."""
    tree(tmp_path, file_dot_py="")
    with pytest.raises(ConfigError, match=rf"sample\.corpora: path .*{name} "):
        Local(path=tmp_path / name).identity()


def test_an_unknown_language_is_a_config_error(tmp_path: Path) -> None:
    """Known before a file is read."""
    with pytest.raises(ConfigError, match="'cobol' is not a language we know"):
        Local(path=tmp_path, languages=("cobol",)).identity()
