"""The list of what is not wanted: what a person may write, what it covers, what the ledger keeps."""

import hashlib
import os
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from magicoder_gen.errors import ConfigError, CorruptData
from magicoder_gen.records import Origin
from magicoder_gen.storage import optouts
from magicoder_gen.storage.optouts import Entry, OptOuts, Purge

CONTENT = "swh:1:cnt:94a9ed024d3859793618152ea559a168bbcbb5e2"


def read(folder: Path, text: str) -> tuple[Entry, ...]:
    """The entries of a list."""
    (folder / "list.txt").write_text(text)
    return optouts.read(folder / "list.txt").entries


def test_a_list_has_an_entry_a_line(tmp_path: Path) -> None:
    """Comments and blank lines are none; what stands there twice counts once."""
    text = "\ufeff# asked for in May\n\nrepo A/b\r\n  repo a/B\nrepo o/n path src/a b.py\npath x/\n"
    assert [entry.said() for entry in read(tmp_path, f"{text}swhid {CONTENT}\nid 0f\n")] == [
        "repo a/b",
        "repo o/n path src/a b.py",
        "path x",
        f"swhid {CONTENT}",
        "id 0f",
    ]


@pytest.mark.parametrize(
    "name",
    [
        "Owner/Name",
        "https://github.com/owner/name",
        "https://www.github.com/owner/name.git",
        "git@github.com:owner/name.git",
        "ssh://git@github.com/Owner/Name/",
        "ssh://git@github.com:22/owner/name",
    ],
)
def test_a_repository_is_the_same_however_it_is_written(tmp_path: Path, name: str) -> None:
    """In the list and in the corpus, which may hold URLs."""
    listed = OptOuts(frozenset(read(tmp_path, f"repo {name}\n")))
    assert listed.covering(Origin("c", repo="owner/NAME"))
    assert OptOuts(frozenset({Entry("repo", "owner/name")})).covering(Origin("c", repo=name))
    assert not listed.covering(Origin("c", repo="owner/names"))
    assert not listed.covering(Origin("c", repo="example.org/owner/name"))


@pytest.mark.parametrize(
    "name",
    [
        "gitlab.com/Group/n",
        "git@gitlab.com:Group/n",
        "git@gitlab.com:Group/n.git",
        "https://gitlab.com/group/n.git",
        "ssh://git@gitlab.com/Group/n",
    ],
)
def test_other_hosts_stand_before_the_name(tmp_path: Path, name: str) -> None:
    """However it is written, in the list and in the corpus."""
    assert read(tmp_path, f"repo {name}\n") == (Entry("repo", "gitlab.com/group/n"),)
    assert OptOuts(frozenset({Entry("repo", "gitlab.com/group/n")})).covering(Origin("c", repo=name))


@pytest.mark.parametrize("name", ["gitlab.com/src/name", "gitlab.com/group/src", "git.sr.ht/~who/raw"])
def test_a_repository_that_looks_like_a_page_is_one(tmp_path: Path, name: str) -> None:
    """Only what stands behind a whole name can be a view of it."""
    assert read(tmp_path, f"repo {name}\n") == (Entry("repo", name),)


def test_a_pipe_is_read_once(tmp_path: Path) -> None:
    """Its digest is that of its bytes, not of nothing."""
    content = b"repo a/b\n"
    end, start = os.pipe()
    os.write(start, content)
    os.close(start)
    found = optouts.read(Path(f"/dev/fd/{end}"))
    os.close(end)
    assert found == optouts.Listed((Entry("repo", "a/b"),), hashlib.sha256(content).hexdigest())


def test_what_we_do_not_know_of_a_ledger_stays(tmp_path: Path) -> None:
    """Later releases may say more in a line."""
    first = Purge("2026-05-04T00:00:00+00:00", "0" * 64, (Entry("repo", "a/b"),), (2,), {"seeds": 2}, None)
    optouts.append(tmp_path, first)
    path = tmp_path / optouts.LEDGER
    line = path.read_bytes().rstrip()[:-1] + b',"who":"me"}'
    path.write_bytes(line)
    optouts.append(tmp_path, msgspec.structs.replace(first, rows=(3,)))
    assert path.read_bytes().startswith(line + b"\n")
    assert [purge.rows for purge in optouts.ledger(tmp_path)] == [(2,), (3,)]


def test_a_ledger_that_is_a_folder_has_a_remedy(tmp_path: Path) -> None:
    """It is as damaged as any other."""
    (tmp_path / optouts.LEDGER).mkdir()
    with pytest.raises(CorruptData, match="move it away"):
        optouts.of_run(tmp_path)


@pytest.mark.parametrize(
    ("entry", "origin", "covers"),
    [
        ("path src", Origin("c", path="src/a.py"), True),
        ("path src", Origin("c", path="src"), True),
        ("path src/", Origin("c", path="source/a.py"), False),
        ("path src", Origin("c", path="lib/src/a.py"), False),
        ("path SRC", Origin("c", path="src/a.py"), False),
        ("path /usr/lib", Origin("c", path="/usr/lib/x.py"), True),
        ("path /src", Origin("c", path="src/x.py"), True),
        ("path src", Origin("c", path="/src/x.py"), True),
        ("path ./src//a.py", Origin("c", path="src/a.py"), True),
        ("path pages/[id].tsx", Origin("c", path="pages/[id].tsx"), True),
        ("repo\to/n \t path\tsrc", Origin("c", "o/n", "src/a.py"), True),
        ("repo O/n path src", Origin("c", "o/N", "src/a.py"), True),
        ("repo o/n path src", Origin("c", "o/other", "src/a.py"), False),
        ("repo o/n path src", Origin("c", None, "src/a.py"), False),
        (f"swhid {CONTENT};origin=https://example.org", Origin("c", swhid=CONTENT), True),
        (f"swhid {CONTENT}", Origin("c", swhid=f"{CONTENT};lines=1"), True),
        (f"swhid swh:1:rev:{CONTENT[10:]}", Origin("c", revision=CONTENT[10:]), True),
        (f"swhid swh:1:dir:{CONTENT[10:]}", Origin("c", swhid=CONTENT), False),
    ],
)
def test_what_an_entry_covers(tmp_path: Path, entry: str, origin: Origin, *, covers: bool) -> None:
    """A path and what is below it, of one repository or of any; an object of the archive."""
    assert bool(OptOuts(frozenset(read(tmp_path, entry))).covering(origin)) == covers


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("owner/name", "begins with none of repo, path, swhid, id"),
        ("repo https://github.com/a/b#readme", "has a #, which no repository has"),
        ("repo a/b\0", "holds a character that does not show"),
        ("repo", "nothing stands behind repo"),
        ("repo name", "is no repository"),
        ("repo a/b c/d", "one entry a line"),
        ("repo acme/*", "there are no wildcards"),
        ("path *.py", "there are no wildcards"),
        ("https://github.com/acme/alpha", "begins with none of"),
        ("repo https://github.com/acme/alpha/tree/main/src", "write, as: repo acme/alpha path folder"),
        ("repo https://gitlab.com/g/sub/n/-/blob/main/a.py", "write, as: repo gitlab.com/g/sub/n path folder"),
        ("repo acme/alpha/tree/main/src", "is a page"),
        ("repo 'acme/alpha'", "in quotes"),
        ('path "src/a b.py"', "in quotes"),
        ("path src\\a.py", "has a backslash"),
        ("path .", "would cover every path"),
        ("path ./", "would cover every path"),
        ("path ../x", "leads out of the repository"),
        ("repo a/b path", "one entry a line"),
        ("id row-6", "only counts rows"),
        ("repo a/b # asked for", "a comment stands on a line of its own"),
        ("path /", "would cover every path"),
        ("swhid 94a9ed024d38", "is no SWHID"),
        ("id ab cd", "one entry a line"),
    ],
)
def test_a_mistake_names_file_and_line(tmp_path: Path, line: str, said: str) -> None:
    """Nothing is taken for something else."""
    with pytest.raises(ConfigError, match=rf"list\.txt:2: .*{said}"):
        read(tmp_path, f"repo a/b\n{line}\n")


def test_a_list_without_entries_is_a_mistake(tmp_path: Path) -> None:
    """An empty file lists nothing, which nobody means; one that is no text neither."""
    with pytest.raises(ConfigError, match="there is no entry"):
        read(tmp_path, "# nothing yet\n")
    (tmp_path / "list.txt").write_bytes(b"repo a/b\xff\n")
    with pytest.raises(ConfigError, match="not UTF-8"):
        optouts.read(tmp_path / "list.txt")


def test_the_ledger_says_what_may_not_come_back(tmp_path: Path) -> None:
    """A line a purge, each once; a damaged one is an error, since passing it over would bring something back."""
    assert optouts.of_run(tmp_path) == optouts.NONE
    entries = (Entry("repo", "a/b"), Entry("path", "x", "c/d"))
    purge = Purge("2026-05-04T00:00:00+00:00", "0" * 64, entries, (2, 0), {"seeds": 2}, None)
    for _ in range(2):
        optouts.append(tmp_path, purge)
    assert optouts.ledger(tmp_path) == [purge]
    assert optouts.of_run(tmp_path).entries == set(entries)
    with (tmp_path / optouts.LEDGER).open("ab") as file:
        file.write(b'{"date":')
    with pytest.raises(CorruptData, match=optouts.LEDGER):
        optouts.of_run(tmp_path)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(lambda text: text.strip() == text))
def test_any_path_that_can_be_listed_is_covered(path: str) -> None:
    """Whatever its characters; what cannot be listed is refused."""
    try:
        entry = optouts._entry(f"path {path}", "list:1")
    except ConfigError:
        return
    assert OptOuts(frozenset({entry})).covering(Origin("c", path=path))
