import os
import subprocess
from pathlib import Path

import pytest
from builders import documents_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from magicoder_gen.sample.corpora import ignores
from magicoder_gen.sample.corpora.local import Local
from magicoder_gen.sample.protocols import Document

FOLDERS = ("", "a/", "b/", "a/a/", "a/b/", "b/c/", "a/b/c/", "a/a.py/")
NAMES = ("a.py", "b.py", "x")
PARTS = ("a", "b", "c", "a.py", "*", "**", "*.py", "?", "[ab]", "a*", "[!a]", "a.p[y-z]", "[", "\\")
PATTERNS = st.builds(
    lambda mark, start, parts, end: f"{mark}{start}{'/'.join(parts)}{end}",
    st.sampled_from(["", "", "!"]),
    st.sampled_from(["", "", "/"]),
    st.lists(st.sampled_from(PARTS), min_size=1, max_size=3),
    st.sampled_from(["", "", "", "/", " ", "\r"]),
)
LISTS = st.dictionaries(
    st.sampled_from(FOLDERS[:5]), st.lists(PATTERNS, min_size=1, max_size=4), min_size=1, max_size=3
)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with files that git does not know yet."""
    root = tmp_path_factory.mktemp("checkout")
    subprocess.run(["git", "init", "-q", str(root)], env=environment(), check=True)
    for folder in FOLDERS:
        (root / folder).mkdir(exist_ok=True)
        for name in NAMES:
            if not (root / folder / name).is_dir() and not (folder == "a/" and name == "a.py"):
                (root / folder / name).write_text("")
    return root


def environment() -> dict[str, str]:
    """Git without anybody's settings."""
    return {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


def kept(root: Path) -> set[str]:
    """The files that a walk takes."""
    around = ignores.around(str(root))
    assert around is not None
    found = set()
    stack = [("", around)]
    while stack:
        prefix, rules = stack.pop()
        for path in (root / prefix).iterdir():
            name = prefix + path.name
            if path.is_file() and not rules.covers(name):
                found.add(name)
            elif path.is_dir() and path.name != ".git" and not rules.covers(f"{name}/"):
                stack.append((f"{name}/", rules.entered(str(path), f"{name}/")))
    return found


@given(LISTS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_same_files_are_ignored_as_by_git(checkout: Path, lists: dict[str, list[str]]) -> None:
    """Whatever the patterns and wherever they lie."""
    for folder in FOLDERS:
        (checkout / folder / ".gitignore").write_text("\n".join(lists.get(folder, [])))
    command = ["git", "-C", str(checkout), "ls-files", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, env=environment(), check=True, capture_output=True, text=True).stdout
    assert kept(checkout) == set(listed.split("\0")) - {""}


def test_a_byte_order_mark_and_bytes_that_are_no_unicode_are_understood(tmp_path: Path) -> None:
    """As git does, patterns are bytes."""
    (tmp_path / ".gitignore").write_bytes(b"\xef\xbb\xbf\xff.py\n")
    around = ignores.around(str(tmp_path))
    assert around is not None
    assert around.covers(os.fsdecode(b"a/\xff.py"))
    assert not around.covers("a/b.py")


def test_patterns_with_many_stars_do_not_hang(tmp_path: Path) -> None:
    """They are left out; the others still count."""
    (tmp_path / ".gitignore").write_text("*a*a*a*a*a*b\n" + "*" * 3000 + "x\nskipped.py\n")
    for name in ("a" * 200 + ".py", "skipped.py"):
        (tmp_path / name).write_text("a = 1\n")
    found = [
        document.locate().path for document in documents_of(Local(path=tmp_path)) if isinstance(document, Document)
    ]
    assert found == ["a" * 200 + ".py"]
