import os
import pickle
from pathlib import Path
from typing import Any

import msgspec
import pytest
from builders import documents_of

from magicoder_gen.errors import ConfigError
from magicoder_gen.records import Origin
from magicoder_gen.sample.corpora import files
from magicoder_gen.sample.corpora.local import Local
from magicoder_gen.sample.protocols import Document, Skipped
from magicoder_gen.sample.texts import swhid

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def tree(root: Path, **contents: str | bytes) -> Path:
    """Write files whose names have "__" for "/" and "_dot_" for "."."""
    for name, content in contents.items():
        path = root / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def checkout(root: Path, *, url: str = "git@github.com:owner/name.git", commit: str = COMMIT) -> Path:
    """Make `root` look like a git checkout."""
    (root / ".git" / "info").mkdir(parents=True)
    (root / ".git" / "HEAD").write_text(f"{commit}\n")
    (root / ".git" / "config").write_text(f'[core]\n\tbare = false\n[remote "origin"]\n\turl = {url}\n')
    return root


def origins(corpus: Local) -> list[Origin]:
    """Where all documents come from, in order."""
    return [found.locate() if isinstance(found, Document) else found.origin for found in documents_of(corpus)]


def paths(corpus: Local) -> list[str | None]:
    """The documents' paths, in order."""
    return [origin.path for origin in origins(corpus)]


def skipped(corpus: Local) -> Skipped:
    """Its only document, which is none."""
    (found,) = documents_of(corpus)
    assert isinstance(found, Skipped)
    return found


def test_source_files_come_sorted_with_their_language(tmp_path: Path) -> None:
    """Other files are no documents; the origin is the path below the folder."""
    tree(tmp_path, z_dot_rs="fn f() {}\n", a__b_dot_py="b = 1\n", a_dot_py="a = 1\n", README="text")
    found = [document for document in documents_of(Local(path=tmp_path)) if isinstance(document, Document)]
    assert [(document.locate().path, document.language) for document in found] == [
        ("a/b.py", "python"),
        ("a.py", "python"),
        ("z.rs", "rust"),
    ]
    assert found[0].locate().corpus == f"local:{tmp_path.name}"
    assert found[0].locate().swhid == swhid(b"b = 1\n")


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
    """A named pipe would block for ever, also one that takes a file's place after it was listed."""
    os.mkfifo(tmp_path / "pipe.py")
    tree(tmp_path, a_dot_py="a\n")
    (fragment,) = Local(path=tmp_path).fragments()
    (tmp_path / "a.py").unlink()
    os.mkfifo(tmp_path / "a.py")
    (found,) = fragment.read()
    assert isinstance(found, Skipped)
    assert found.reason == "unreadable"


def test_a_file_name_that_is_not_unicode_can_be_written(tmp_path: Path) -> None:
    """Its odd bytes are replaced in the origin, which must fit into JSON; the file itself is read."""
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\n.py")).write_text("a\n")
    except OSError:
        pytest.skip("this file system takes Unicode names only")
    (fragment,) = pickle.loads(pickle.dumps(Local(path=tmp_path).fragments()))  # noqa: S301  # our own
    (document,) = fragment.read()
    assert document.content == b"a\n"
    assert document.locate().path == "\ufffd\n.py"
    assert msgspec.json.encode([document.locate(), fragment.id])


@pytest.mark.parametrize("content", [b"\x89PNG\0\0", b"caf\xe9 = 1\n", "\ufeffa\r\n".encode(), b""])
def test_the_content_is_raw(tmp_path: Path, content: bytes) -> None:
    """Whether it is text, and in which form, is for the few that are examined."""
    tree(tmp_path, a_dot_py=content)
    (document,) = documents_of(Local(path=tmp_path))
    assert isinstance(document, Document)
    assert document.content == content


def test_a_file_of_100_mb_is_not_read(tmp_path: Path) -> None:
    """Its size is enough to skip it."""
    with (tmp_path / "a.py").open("wb") as file:
        file.truncate(100_000_000)
    assert skipped(Local(path=tmp_path)).reason == "too_large"
    tree(tmp_path, a_dot_py=b"x" * 101)
    assert skipped(Local(path=tmp_path, max_bytes=100)).reason == "too_large"


def test_a_file_that_vanishes_or_becomes_a_link_is_counted(tmp_path: Path) -> None:
    """Between listing and reading anything may happen; the others are read."""
    tree(tmp_path, a_dot_py="a\n", b__c_dot_py="c\n", d_dot_py="d\n")
    (fragment,) = Local(path=tmp_path).fragments()
    (tmp_path / "a.py").unlink()
    (tmp_path / "b" / "c.py").unlink()
    (tmp_path / "b" / "c.py").symlink_to(tmp_path / "d.py")
    first, second, third = fragment.read()
    assert (first.reason, first.origin.path) == ("vanished", "a.py")
    assert second.reason == "unreadable"
    assert "c.py cannot be read: " in str(second.detail)
    assert third.content == b"d\n"


def test_a_folder_that_cannot_be_listed_is_counted_and_named(tmp_path: Path) -> None:
    """Once, however many files it may hold; it is no document of the fragment's count."""
    tree(tmp_path, a_dot_py="a\n", z_dot_py="z\n")
    too_deep(tmp_path)
    (fragment,) = Local(path=tmp_path).fragments()
    first, second, third = fragment.read()
    assert (first.content, third.content) == (b"a\n", b"z\n")
    assert second.reason == "unreadable_folder"
    assert "cannot be listed: File name too long" in str(second.detail)
    assert fragment.documents == 3


def too_deep(root: Path) -> None:
    """Make folders whose path is longer than the system takes at once: root could read any other."""
    descriptor = os.open(root, os.O_RDONLY)
    for _ in range(20):
        os.mkdir("d" * 250, dir_fd=descriptor)
        inner = os.open("d" * 250, os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = inner
    os.close(descriptor)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_counted(tmp_path: Path) -> None:
    """With what the system says of it."""
    tree(tmp_path, a_dot_py="a\n")
    (tmp_path / "a.py").chmod(0)
    assert "Permission denied" in str(skipped(Local(path=tmp_path)).detail)


def test_fragments_are_small_exact_and_name_no_machine_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In order, each at most about FRAGMENT_BYTES or FRAGMENT_FILES, their documents counted by language."""
    monkeypatch.setattr(files, "FRAGMENT_FILES", 3)
    monkeypatch.setattr(files, "FRAGMENT_BYTES", 100)
    tree(tmp_path, **{f"{number}_dot_py": "a\n" for number in range(5)}, a__b_dot_rs="x" * 150, c_dot_py="c\n")
    fragments = Local(path=tmp_path).fragments()
    assert [fragment.id for fragment in fragments] == ["0.py..2.py", "3.py..a/b.rs", "c.py..c.py"]
    assert [fragment.languages for fragment in fragments] == [{"python": 3}, {"python": 2, "rust": 1}, {"python": 1}]
    assert [(fragment.documents, fragment.bytes) for fragment in fragments] == [(3, 6), (3, 154), (1, 2)]
    assert Local(path=tmp_path / "a", languages=("go",)).fragments() == []


def test_ignored_files_are_left_out_at_every_level(tmp_path: Path) -> None:
    """The nearest file decides, a negation too; what lies in an ignored folder stays ignored."""
    tree(tmp_path, _dot_gitignore="*.py\n!keep.py\nbuild/\n", keep_dot_py="", drop_dot_py="", build__keep_dot_py="")
    tree(tmp_path, a___dot_gitignore="!mine.py\nkeep.py\n", a__mine_dot_py="", a__keep_dot_py="", a__b__mine_dot_py="")
    assert paths(Local(path=tmp_path)) == ["a/b/mine.py", "a/mine.py", "keep.py"]
    assert len(paths(Local(path=tmp_path, gitignore=False))) == 6


def test_rules_around_the_folder_count_within_its_checkout(tmp_path: Path) -> None:
    """Those of its own checkout, also info/exclude; not those of a repository around that."""
    tree(tmp_path, _dot_gitignore="*.rs\n", x__y__a_dot_py="", x__y__b_dot_py="", x__y__c_dot_rs="", x__y__d_dot_go="")
    checkout(tmp_path)
    checkout(tmp_path / "x")
    tree(tmp_path / "x", _dot_gitignore="/y/a.py\n", _dot_git__info__exclude="*.go\n")
    assert paths(Local(path=tmp_path / "x" / "y")) == ["y/b.py", "y/c.rs"]
    assert paths(Local(path=tmp_path)) == ["y/b.py", "y/c.rs"]


def test_a_folder_that_is_ignored_itself_can_be_named(tmp_path: Path) -> None:
    """Whoever names it wants it; it is then no part of the repository that ignores it."""
    checkout(tree(tmp_path, _dot_gitignore="out/\n*.rs\n", out__a_dot_py="", out__b_dot_rs=""))
    found = origins(Local(path=tmp_path / "out"))
    assert [(origin.path, origin.repo, origin.revision) for origin in found] == [
        ("a.py", None, None),
        ("b.rs",) + (None,) * 2,
    ]


def test_the_origin_names_repository_path_and_revision(tmp_path: Path) -> None:
    """Of the checkout that holds the file: the one around the folder, or one of several below it."""
    tree(tmp_path, one__src__a_dot_py="a\n", two__b_dot_py="b\n", c_dot_py="c\n")
    checkout(tmp_path / "one")
    checkout(tmp_path / "two", url="https://token@git.example.org/group/sub/two.git", commit="f" * 40)
    found = origins(Local(path=tmp_path))
    assert [(origin.repo, origin.path, origin.revision) for origin in found] == [
        (None, "c.py", None),
        ("owner/name", "src/a.py", COMMIT),
        ("git.example.org/group/sub/two", "b.py", "f" * 40),
    ]
    assert paths(Local(path=tmp_path / "one" / "src")) == ["src/a.py"]


def test_the_licence_is_the_headers_or_the_nearest_file_above(tmp_path: Path) -> None:
    """Up to the checkout's root; a nearer text that we do not know hides one that we know."""
    isc = "to distribute this software for any purpose with or without fee is hereby granted, provided. AS IS"
    tree(
        tmp_path,
        LICENSE=isc,
        a_dot_py="",
        b__c_dot_py="# SPDX-License-Identifier: MIT\n",
        d__LICENSE="?",
        d__e_dot_py="",
    )
    tree(tmp_path, f__g_dot_py="", h__i_dot_py="")
    checkout(tmp_path / "h")
    found = {origin.path: origin.license for origin in origins(Local(path=tmp_path))}
    assert found == {"a.py": "ISC", "b/c.py": "MIT", "d/e.py": None, "f/g.py": "ISC", "i.py": None}


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
    with pytest.raises(ConfigError, match=rf"sample\.corpora\.path: .*{name}: "):
        Local(path=tmp_path / name).identity()


def test_an_unknown_language_is_refused(tmp_path: Path) -> None:
    """Known before a file is read."""
    with pytest.raises(ValueError, match="languages: 'cobol' is not a language we know"):
        Local(path=tmp_path, languages=("cobol",))


@pytest.mark.parametrize("weight", [0, -1])
def test_a_weight_is_positive(tmp_path: Path, weight: Any) -> None:
    """A corpus that gives nothing is none."""
    assert Local(path=tmp_path).weight is None
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(
            {"type": "local", "path": str(tmp_path), "weight": weight}, Local, dec_hook=lambda kind, value: kind(value)
        )
