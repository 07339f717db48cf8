"""Which repository and revision a folder belongs to, read from its .git without git.

What is unusual (reftable, a damaged or hostile .git) is not known: None.
Source: https://git-scm.com/docs/gitrepository-layout
"""

import os
import re
from pathlib import Path
from urllib.parse import urlsplit

from magicoder_gen.sample.corpora import faults, files

_MAX_BYTES = 64_000_000  # ours: packed-refs of a very large repository
_OBJECT_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_SCP_LIKE = re.compile(r"(?:[^@/]*@)?(?P<host>[^:@/\[\]]+):(?P<path>[^@]+)")
_ORIGIN_SECTION = re.compile(r'\[\s*remote\s+"origin"\s*\]', re.IGNORECASE)
_URL = re.compile(r'\s*url\s*=\s*"?(?P<url>[^"\s#;]*)', re.IGNORECASE)
_GITHUB = frozenset({"github.com", "www.github.com", "ssh.github.com"})
_SYMBOLIC_REFS = 5  # git's own limit


def enclosing(folder: str) -> str | None:
    """Return the root of the checkout that holds `folder`, an absolute path, or None."""
    while git_folder(folder) is None:
        parent = folder.rpartition("/")[0] or "/"
        if parent == folder:
            return None
        folder = parent
    return folder


def git_folder(folder: str) -> str | None:
    """Return the repository of the checkout whose root is `folder`: its .git, or what a file .git points to."""
    found = f"{folder}/.git"
    if not os.path.lexists(found):
        return None
    pointer = _text(found)
    if pointer is not None and pointer.startswith("gitdir: "):
        found = _joined(folder, pointer.removeprefix("gitdir: "))
    return found if os.path.isfile(f"{found}/HEAD") else None  # noqa: PTH113  # Path.is_file may raise


def common_folder(git: str) -> str:
    """Return where the repository has what its worktrees share: config, refs, objects."""
    shared = _text(f"{git}/commondir")
    return _joined(git, shared) if shared else git


def _joined(folder: str, named: str) -> str:
    return os.path.normpath(Path(folder, named.rstrip("\n")))


def revision(git: str) -> str | None:
    """Return the id of the commit that is checked out."""
    shared = common_folder(git)
    name = "HEAD"
    for _ in range(_SYMBOLIC_REFS):
        text = _text(f"{git}/{name}") or _text(f"{shared}/{name}") or _packed(shared, name)
        if text is None or not text.startswith("ref: refs/") or "/../" in text:
            break
        name = text.removeprefix("ref: ").strip()
    return text.strip() if text and _OBJECT_ID.fullmatch(text.strip()) else None


def _packed(shared: str, name: str) -> str | None:
    found = re.search(rf"^([0-9a-f]+) {re.escape(name)}$", _text(f"{shared}/packed-refs") or "", re.MULTILINE)
    return found[1] if found else None


def repo(git: str) -> str | None:
    """Return the name of the remote "origin"."""
    found = None
    is_origin = False
    for line in (_text(f"{common_folder(git)}/config") or "").split("\n"):
        if line.lstrip().startswith("["):
            is_origin = bool(_ORIGIN_SECTION.match(line.strip()))
        elif is_origin and (entry := _URL.match(line)):
            found = entry["url"]
            break
    return repo_of_url(found) if found else None


def repo_of_url(url: str) -> str | None:
    """Return owner/name, with the host before it unless that is github.com; None for a path on a machine.

    Nothing else of a URL is taken over: user, password and query may hold credentials.
    """
    try:
        parts = urlsplit(url)
        host, path = (parts.hostname or "", parts.path) if "://" in url else _scp_like(url)
    except ValueError:
        return None
    path = path.strip("/").removesuffix(".git").strip("/")
    # An "@" here is what is left of a password with a slash in it.
    if not host or not path or "@" in path or not path.isprintable() or "::" in url or url.startswith("file:"):
        return None
    return path if host.lower() in _GITHUB else f"{host.lower()}/{path}"


def _scp_like(url: str) -> tuple[str, str]:
    found = _SCP_LIKE.fullmatch(url)
    return (found["host"], found["path"]) if found else ("", "")


def _text(path: str) -> str | None:
    """Return a small file's text, None if there is none to be read."""
    try:
        content = files.regular(path, limit=_MAX_BYTES)
    except OSError as error:
        faults.raise_if_exhausted(error, path)
        return None
    return None if content is None else os.fsdecode(content)
