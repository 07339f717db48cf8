from pathlib import Path

import pytest

from magicoder_gen.sample.corpora import checkouts

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("url", "repo"),
    [
        ("https://github.com/owner/name.git", "owner/name"),
        ("https://user:secret@GitHub.com/owner/name/?token=secret#secret", "owner/name"),
        ("git@github.com:owner/name.git", "owner/name"),
        ("user:secret@example.org:owner/name", "example.org/owner/name"),
        ("ssh://git@ssh.github.com:443/owner/name", "owner/name"),
        ("git://example.org/group/sub/name", "example.org/group/sub/name"),
        ("https://user:se/cret@github.com/owner/name", None),
        ("/srv/git/name.git", None),
        ("../name", None),
        ("file:///home/somebody/name", None),
        ("ext::sh -c true", None),
        ("https://[::1/name", None),
        ("https://github.com/", None),
        ("", None),
    ],
)
def test_a_url_gives_the_repository_and_no_secret(url: str, repo: str | None) -> None:
    """The host stands before it unless that is github.com; a path on a machine is no name."""
    assert checkouts.repo_of_url(url) == repo


def a_repository(folder: Path, **texts: str) -> Path:
    """A git folder with the files named, "__" for "/"."""
    for name, text in texts.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.mark.parametrize(
    "texts",
    [
        {"HEAD": f"{COMMIT}\n"},
        {"HEAD": "ref: refs/heads/a/b\n", "refs__heads__a__b": f"{COMMIT}\n"},
        {
            "HEAD": "ref: refs/heads/a\n",
            "packed-refs": f"# pack-refs\n{'f' * 40} refs/heads/aa\n{COMMIT} refs/heads/a\n",
        },
        {"HEAD": "ref: refs/heads/a\n", "refs__heads__a": "ref: refs/heads/b\n", "refs__heads__b": COMMIT},
    ],
)
def test_the_revision_is_what_head_leads_to(tmp_path: Path, texts: dict[str, str]) -> None:
    """Detached, on a branch, on one that is packed, through a symbolic one."""
    assert checkouts.revision(str(a_repository(tmp_path, **texts))) == COMMIT


@pytest.mark.parametrize(
    "texts",
    [
        {"HEAD": "ref: refs/heads/.invalid\n"},
        {"HEAD": "ref: refs/heads/none\n"},
        {"HEAD": "ref: refs/../secret\n", "secret": COMMIT},
        {"HEAD": "ref: refs/heads/a\n", "refs__heads__a": "ref: refs/heads/a\n"},
        {"HEAD": "nonsense"},
        {"HEAD": ""},
    ],
)
def test_an_unusual_head_is_no_revision(tmp_path: Path, texts: dict[str, str]) -> None:
    """Reftable, no commit yet, a way out of the folder, a loop, damage."""
    assert checkouts.revision(str(a_repository(tmp_path, **texts))) is None


def test_a_worktree_shares_what_its_repository_has(tmp_path: Path) -> None:
    """Its .git is a file that points to its own HEAD, beside which commondir points to refs and config."""
    main = a_repository(tmp_path / "main.git", HEAD=f"{'f' * 40}\n", refs__heads__side=f"{COMMIT}\n")
    a_repository(
        main,
        config='[remote "other"]\n\turl = x\n[Remote "origin"]\n\tfetch = +a:b\n\tURL = "git@github.com:o/n" ; c\n',
    )
    side = a_repository(main / "worktrees" / "side", HEAD="ref: refs/heads/side\n", commondir="../..\n")
    tree = a_repository(tmp_path / "tree", **{".git": "gitdir: ../main.git/worktrees/side\n", "a__b": ""})
    assert checkouts.enclosing(str(tree / "a")) == str(tree)
    assert checkouts.git_folder(str(tree)) == str(side)
    assert checkouts.revision(str(side)) == COMMIT
    assert checkouts.repo(str(side)) == "o/n"


def test_a_folder_named_git_is_not_always_a_repository(tmp_path: Path) -> None:
    """Without a HEAD it is none, nor is a file that points nowhere."""
    (tmp_path / ".git").mkdir()
    assert checkouts.git_folder(str(tmp_path)) is None
    (tmp_path / ".git").rmdir()
    (tmp_path / ".git").write_text("gitdir: nowhere\n")
    assert checkouts.git_folder(str(tmp_path)) is None
