"""Data sets on a loopback hub: commits, branches, and how a hub lists their files."""

import hashlib
from collections.abc import Container
from typing import Any


class Repository:
    """A data set: commits with their files, branches that point to them."""

    def __init__(self, *, private: bool) -> None:
        self.private = private
        self.commits: dict[str, dict[str, bytes]] = {}
        self.branches: dict[str, str] = {}
        self.messages: list[str] = []
        self.commit("main", {".gitattributes": b"*.parquet filter=lfs\n"}, "initial commit")

    def commit(self, branch: str, files: dict[str, bytes], message: str) -> str:
        """Add a commit."""
        name = hashlib.sha1(f"{branch} {len(self.commits)}".encode(), usedforsecurity=False).hexdigest()
        self.commits[name], self.branches[branch] = files, name
        self.messages.append(message)
        return name

    def files(self, revision: str = "main") -> dict[str, bytes]:
        """The files of a branch or commit."""
        return self.commits[self.branches.get(revision, revision)]


def entry(path: str, content: bytes, *, large: Container[str]) -> dict[str, Any]:
    """A file as a listing has it; `large` holds the SHA-256 of those in the large storage."""
    found: dict[str, Any] = {"type": "file", "path": path, "size": len(content), "oid": git_id(content)}
    sha256 = hashlib.sha256(content).hexdigest()
    if sha256 in large:
        found["lfs"] = {"oid": sha256, "size": len(content), "pointerSize": 134}
    return found


def folder_entry(path: str) -> dict[str, Any]:
    """A folder as a listing has it."""
    return {"type": "directory", "oid": "0" * 40, "size": 0, "path": path}


def git_id(content: bytes) -> str:
    """The name that git gives a content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
