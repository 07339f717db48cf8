import os
import pickle
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from builders import documents_of

from magicoder_gen.errors import ConfigError, CorruptData
from magicoder_gen.sample.corpora import files
from magicoder_gen.sample.corpora.git import Git
from magicoder_gen.sample.corpora.local import Local
from magicoder_gen.sample.protocols import Document, Skipped
from magicoder_gen.sample.texts import swhid

ISC = (
    b"Permission to use, copy, modify, and/or distribute this software for any purpose "
    b"with or without fee is hereby granted, provided. AS IS"
)


@pytest.fixture(autouse=True)
def own_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Git with no settings but these."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "A")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "a@example.org")
        monkeypatch.setenv(f"GIT_{role}_DATE", "2026-01-01T00:00:00Z")


def git(folder: Path, *arguments: str) -> str:
    """Run git and return what it prints."""
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def a_repository(folder: Path, contents: dict[str | bytes, bytes], *options: str) -> Path:
    """A checkout with one commit of these files."""
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main", *options)
    commit(folder, contents)
    return folder


def commit(folder: Path, contents: dict[str | bytes, bytes]) -> str:
    """Commit more files and return the commit's id."""
    for name, content in contents.items():
        path = Path(os.fsdecode(os.fsencode(folder) + b"/" + os.fsencode(name)))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "more", "--allow-empty")
    return git(folder, "rev-parse", "HEAD")


def read(corpus: Git) -> list[Document | Skipped]:
    """All it holds, read from fragments that have travelled."""
    fragments = pickle.loads(pickle.dumps(corpus.fragments()))  # noqa: S301  # our own
    return [found for fragment in fragments for found in fragment.read()]


def contents(corpus: Git) -> dict[str | None, bytes]:
    """The documents by path, in order."""
    return {found.locate().path: found.content for found in read(corpus) if isinstance(found, Document)}


def skipped(corpus: Git) -> dict[str | None, str]:
    """The reasons by path."""
    return {found.origin.path: found.reason for found in read(corpus) if isinstance(found, Skipped)}


def loose(repository: Path, blob: str) -> Path:
    """Where an object lies that is in no pack; it may be written to."""
    path = repository / ".git" / "objects" / blob[:2] / blob[2:]
    path.chmod(0o644)
    return path


def without_work_tree(folder: Path) -> Path:
    """A bare clone, everything in one pack."""
    bare = folder.parent / f"{folder.name}-bare.git"
    git(folder, "clone", "-q", "--bare", "--no-local", str(folder), str(bare))
    git(bare, "remote", "set-url", "origin", "https://user:secret@github.com/owner/name.git")
    return bare


def test_bare_checkout_and_git_folder_give_the_same(tmp_path: Path) -> None:
    """Loose or packed; what is edited or not committed in the work tree does not count."""
    made = a_repository(tmp_path / "name", {"b/c.py": b"c\n", "a.rs": b"a\r\n\0\xff", "notes.txt": b"", "z.py": b""})
    expected = {"a.rs": b"a\r\n\0\xff", "b/c.py": b"c\n", "z.py": b""}
    (made / "a.rs").write_text("edited")
    (made / "new.py").write_text("new")
    for path in (made, made / ".git", without_work_tree(made)):
        assert contents(Git(path=path)) == expected


def test_the_origin_is_complete(tmp_path: Path) -> None:
    """Repository, path, commit, identifier, and the licence of the header or the file nearest above."""
    made = a_repository(
        tmp_path / "name",
        {
            "LICENSE": ISC,
            "a.py": b"a\n",
            "b/c.py": b"# SPDX-License-Identifier: MIT\n",
            "d/LICENSE": b"?",
            "d/e/f.py": b"f\n",
        },
    )
    first, second, third = (
        found.locate() for found in read(Git(path=without_work_tree(made))) if isinstance(found, Document)
    )
    assert (first.corpus, first.repo, first.path) == ("git:name-bare", "owner/name", "a.py")
    assert (first.revision, first.swhid) == (git(made, "rev-parse", "HEAD"), swhid(b"a\n"))
    assert [first.license, second.license, third.license] == ["ISC", "MIT", None]
    (local, *_) = (found.locate() for found in read(Git(path=made)) if isinstance(found, Document))
    assert local.repo == "name"


def test_a_checkout_read_as_folder_has_the_same_origins(tmp_path: Path) -> None:
    """But for the name of the corpus, and that a repository without remote has no name there."""
    made = a_repository(tmp_path / "name", {"LICENSE": ISC, "a.py": b"a\n", "b/c.py": b"c\n"})
    git(made, "remote", "add", "origin", "git@example.org:group/name.git")
    git(made, "pack-refs", "--all")
    git(made, "worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    found = [
        [
            msgspec.structs.replace(each.locate(), corpus="")
            for each in documents_of(corpus)
            if isinstance(each, Document)
        ]
        for corpus in (Git(path=made), Local(path=made), Local(path=tmp_path / "side"))
    ]
    assert found[0] == found[1] == found[2]
    assert {origin.repo for origin in found[0]} == {"example.org/group/name"}


def test_every_content_comes_once(tmp_path: Path) -> None:
    """Under its first path; links and submodules are left out; languages and patterns choose."""
    made = a_repository(tmp_path / "a", {"b.py": b"same\n", "a.py": b"same\n", "v/c.py": b"c\n", "d.rs": b"d\n"})
    (made / "link.py").symlink_to("a.py")
    git(made, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},sub.py")
    commit(made, {})
    assert contents(Git(path=made)) == {"a.py": b"same\n", "d.rs": b"d\n", "v/c.py": b"c\n"}
    assert list(contents(Git(path=made, languages=("python",), exclude=("v/**",)))) == ["a.py"]
    assert list(contents(Git(path=made, include=("b.*",)))) == ["b.py"]


def test_any_name_can_be_read(tmp_path: Path) -> None:
    """Line ends, quotes, tabs, and bytes that are no Unicode; the fragment's id fits into JSON."""
    names: Sequence[bytes] = [b'"quoted".py', b"new\nline.py", b"tab\tbed.py", b"\xff.py", b" .py"]
    made = a_repository(tmp_path / "a", {name: name + b"\n" for name in names})
    found = contents(Git(path=made))
    assert sorted(found.values()) == sorted(name + b"\n" for name in names)
    assert set(found) == {'"quoted".py', "new\nline.py", "tab\tbed.py", "\ufffd.py", " .py"}
    assert msgspec.json.encode([fragment.id for fragment in Git(path=made).fragments()])


def test_fragments_group_consecutive_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With exact counts before anything is read."""
    monkeypatch.setattr(files, "FRAGMENT_FILES", 2)
    made = a_repository(tmp_path / "a", {"a.py": b"a", "b/c.rs": b"bb", "d.py": b"ccc"})
    first, second = Git(path=made).fragments()
    assert (first.id, first.bytes, first.documents, first.languages) == ("a.py..b/c.rs", 3, 2, {"python": 1, "rust": 1})
    assert (second.id, second.bytes, second.languages) == ("d.py..d.py", 3, {"python": 1})
    assert Git(path=made, languages=("go",)).fragments() == []


def test_what_is_too_large_or_elsewhere_is_counted(tmp_path: Path) -> None:
    """Files over max_bytes, and pointers to files that LFS keeps."""
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"
    made = a_repository(tmp_path / "a", {"a.py": b"x" * 101, "b.py": pointer, "c.py": b"c\n"})
    assert skipped(Git(path=made, max_bytes=100)) == {"a.py": "too_large", "b.py": "lfs_pointer"}
    assert contents(Git(path=made, max_bytes=100)) == {"c.py": b"c\n"}


@pytest.mark.parametrize("is_header", [True, False])
def test_a_damaged_object_costs_its_file_only(tmp_path: Path, is_header: bool) -> None:  # noqa: FBT001
    """Whether git ends on it or calls it missing; it is named, and the rest is read."""
    made = a_repository(tmp_path / "a", {f"{number}.py": os.urandom(5000) for number in range(6)})
    for name in ("0.py", "3.py", "4.py"):
        path = loose(made, git(made, "rev-parse", f"HEAD:{name}"))
        content = path.read_bytes()
        path.write_bytes(b"garbage" if is_header else content[:2000] + b"garbage" + content[2007:])
    assert skipped(Git(path=made)) == {"0.py": "bad_object", "3.py": "bad_object", "4.py": "bad_object"}
    assert list(contents(Git(path=made))) == ["1.py", "2.py", "5.py"]
    (first, *_) = (found for found in read(Git(path=made)) if isinstance(found, Skipped))
    assert git(made, "rev-parse", "HEAD:0.py") in str(first.detail)
    assert "\n" not in str(first.detail)


def test_a_tree_that_lists_no_file_as_file_is_damage(tmp_path: Path) -> None:
    """Only somebody's own program makes such a commit."""
    made = a_repository(tmp_path / "a", {"a.py": b"a\n", "b/c.py": b"c\n"})
    tree = git(made, "rev-parse", "HEAD:b")
    forged = b"100644 x.py\0" + bytes.fromhex(tree)
    command = ["git", "-C", str(made), "hash-object", "-t", "tree", "-w", "--stdin", "--literally"]
    root = subprocess.run(command, input=forged, check=True, capture_output=True).stdout.decode().strip()
    corpus = Git(path=made, revision=git(made, "commit-tree", root, "-m", "forged"))
    assert skipped(corpus) == {"x.py": "bad_object"}


def test_a_partial_clone_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    """Nothing is fetched; the missing are counted, the first says what to do."""
    made = a_repository(tmp_path / "a", {"a.py": b"a\n", "b.py": b"b\n", "c.py": b"c\n"})
    git(made, "config", "uploadpack.allowFilter", "true")
    git(made, "config", "uploadpack.allowAnySHA1InWant", "true")
    partial = tmp_path / "partial"
    git(made, "clone", "-q", "--no-checkout", "--depth=1", "--filter=blob:none", f"file://{made}", str(partial))
    git(partial, "cat-file", "-p", "HEAD:b.py")
    assert contents(Git(path=partial)) == {"b.py": b"b\n"}
    assert skipped(Git(path=partial)) == {"a.py": "missing_blob", "c.py": "missing_blob"}
    details = [found.detail for found in read(Git(path=partial)) if isinstance(found, Skipped)]
    assert "git fetch --refetch" in str(details[0])
    assert details[1] is None
    assert git(partial, "rev-list", "--objects", "--missing=print", "HEAD").count("?") == 2


def test_nothing_that_the_repository_says_has_an_effect(tmp_path: Path) -> None:
    """Neither replacements nor attributes nor filters, monitors and hooks of its configuration."""
    made = a_repository(tmp_path / "a", {"a.py": b"a\n", ".gitattributes": b"*.py filter=evil eol=crlf\n"})
    for key in ("filter.evil.smudge", "core.fsmonitor", "core.sshCommand", "core.pager", "diff.external"):
        git(made, "config", key, f"touch {tmp_path}/ran; cat")
    git(made, "replace", git(made, "rev-parse", "HEAD:a.py"), git(made, "rev-parse", "HEAD:.gitattributes"))
    assert contents(Git(path=made)) == {"a.py": b"a\n"}
    assert not (tmp_path / "ran").exists()


def test_sha256_repositories_are_read(tmp_path: Path) -> None:
    """Their object ids are no identifiers of Software Heritage; the content is hashed."""
    try:
        made = a_repository(tmp_path / "a", {"a.py": b"a\n"}, "--object-format=sha256")
    except subprocess.CalledProcessError:
        pytest.skip("this git knows no sha256")
    (found,) = read(Git(path=made))
    assert isinstance(found, Document)
    assert found.locate().swhid == swhid(b"a\n")
    assert len(str(found.locate().revision)) == 64


def test_a_revision_is_a_branch_a_tag_or_a_commit(tmp_path: Path) -> None:
    """The identity is the commit's id, so that a branch that moves changes it."""
    made = a_repository(tmp_path / "a", {"a.py": b"old\n"})
    git(made, "tag", "-a", "v1", "-m", "old")
    old = Git(path=made).identity()
    new = commit(made, {"a.py": b"new\n"})
    assert (Git(path=made).identity(), Git(path=made, revision="v1").identity()) == (new, old)
    assert contents(Git(path=made, revision=old[:10])) == {"a.py": b"old\n"}
    assert contents(Git(path=made, revision="main~1")) == {"a.py": b"old\n"}


@pytest.mark.parametrize("revision", ["nowhere", "HEAD:a.py", "--all", "", "a\0b", "HEAD^{tree}", "--upload-pack=x"])
def test_an_unknown_revision_is_a_config_error(tmp_path: Path, revision: str) -> None:
    """Also what is no commit, or looks like an option."""
    made = a_repository(tmp_path / "a", {"a.py": b"a\n"})
    with pytest.raises(ConfigError, match=r"sample\.corpora\.revision: .* names no commit in"):
        Git(path=made, revision=revision).identity()


def test_a_path_without_repository_is_a_config_error(tmp_path: Path) -> None:
    """Missing, a file, a folder, a folder inside of a repository, or one without commits."""
    made = a_repository(tmp_path / "a", {"b/a.py": b"a\n"})
    git(tmp_path, "init", "-q", "empty")
    expected = {
        "nowhere": "does not exist",
        "a/b/a.py": "is not a folder",
        "a/b": "is not a git repository",
        "empty": "has no commit yet",
    }
    for name, said in expected.items():
        with pytest.raises(ConfigError, match=rf"sample\.corpora\.path: .*{name} {said}"):
            Git(path=tmp_path / name).fragments()
    assert made.is_dir()


def test_a_repository_of_somebody_else_needs_trust(tmp_path: Path) -> None:
    """The message has the command that gives it, which then works."""
    made = a_repository(tmp_path / "it's", {"a.py": b"a\n"})
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    for path in (made, *made.rglob("*")):
        os.lchown(path, 12345, 12345)
    with pytest.raises(
        ConfigError, match="belongs to another user; if you trust it: git config --global --add "
    ) as raised:
        Git(path=made).identity()
    subprocess.run(["sh", "-c", str(raised.value).partition("trust it: ")[2]], check=True)
    assert contents(Git(path=made)) == {"a.py": b"a\n"}


def test_without_git_there_is_a_config_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says what to install."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="install git"):
        Git(path=tmp_path).identity()


def test_a_repository_that_vanishes_stops_the_run(tmp_path: Path) -> None:
    """It would be wrong to call every one of its files missing; so it is for a folder of it that is damaged."""
    made = a_repository(tmp_path / "a", {"b/a.py": b"a\n"})
    (fragment,) = Git(path=made).fragments()
    loose(made, git(made, "rev-parse", "HEAD:b")).unlink()
    with pytest.raises(CorruptData, match=r"the files of .* cannot be listed"):
        Git(path=made).fragments()
    shutil.rmtree(made)
    with pytest.raises(CorruptData, match="is not there any more"):
        list(fragment.read())


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc to see processes")
def test_git_ends_with_the_iteration(tmp_path: Path) -> None:
    """Also with one that is given up while git has more to say; nothing of ours stays behind."""
    made = a_repository(tmp_path / "a", {f"{number}.py": os.urandom(50_000) for number in range(20)})
    (fragment,) = Git(path=made).fragments()
    reading = fragment.read()
    next(reading)
    assert children()
    reading.close()
    assert not children()


def children() -> list[str]:
    """The git processes that this one has started and not yet seen end."""
    started = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [number for number in started if Path(f"/proc/{number}/comm").read_text().startswith("git")]


def test_an_unknown_language_is_refused(tmp_path: Path) -> None:
    """Known before git is asked."""
    with pytest.raises(ValueError, match="languages: 'cobol' is not a language we know"):
        Git(path=tmp_path, languages=("cobol",))
