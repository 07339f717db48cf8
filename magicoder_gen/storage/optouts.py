"""Who asked to be left out: the list that a person writes, what it covers, and the ledger by which it holds.

One entry a line; its first word says of what kind it is:

    repo owner/name
    repo owner/name path src/util
    path src/util
    swhid swh:1:cnt:94a9ed024d3859793618152ea559a168bbcbb5e2
    id 5f0c1f0e7f3b0d1c9c1b6f0f3a0c5b5e
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

import msgspec

from magicoder_gen.errors import ConfigError, CorruptData
from magicoder_gen.records import Origin, Record
from magicoder_gen.storage import shards

LEDGER = "purges.jsonl"
REASON = "opted_out"

_KINDS = ("repo", "path", "swhid", "id")
_GITHUB = re.compile(r"(?:[a-z+]+://)?(?:[^@/]*@)?(?:(?:www|ssh)\.)?github\.com[:/]")
_SCHEME = re.compile(r"[a-z+]+://(?:[^@/]*@)?")
_SWHID = re.compile(r"swh:1:(?:cnt|dir|rev|rel|snp):[0-9a-f]{40}")
_REVISION = "swh:1:rev:"
_OBJECT_ID = re.compile(r"[0-9a-f]{40}")


class Entry(Record, frozen=True, omit_defaults=True):
    """Something that is not wanted: `value` of a kind; a path may be that of one repository."""

    kind: Literal["repo", "path", "swhid", "id"]
    value: str
    repo: str | None = None

    def said(self) -> str:
        """Return the entry as a line of a list."""
        return f"repo {self.repo} path {self.value}" if self.repo else f"{self.kind} {self.value}"


class Purge(Record, frozen=True):
    """A line of the ledger: what was listed, and how many records of which kind of file went.

    `date` is ISO 8601 in UTC; `list_sha256` names the file of the list; `entries` are those that no line before has,
    `rows` how many seeds, outcomes and rows each of them covered; `cost` is what the answers that went had cost, in
    USD, None if that is not known.
    """

    date: str
    list_sha256: str
    entries: tuple[Entry, ...]
    rows: tuple[int, ...]
    removed: dict[str, int]
    cost: float | None


class OptOuts(Record, frozen=True):
    """A set of entries, to be asked of each record."""

    entries: frozenset[Entry] = frozenset()

    def covering(self, origin: Origin, *ids: str | None) -> list[Entry]:
        """Return the entries that cover something of that origin, or with one of these ids."""
        if not self.entries:
            return []
        return [entry for entry in _names(origin, ids) if entry in self.entries]


NONE = OptOuts()


def _names(origin: Origin, ids: Iterable[str | None]) -> Iterator[Entry]:
    """Yield every entry that would cover it."""
    for known in ids:
        if known:
            yield Entry("id", known)
    repo = None if origin.repo is None else repository(origin.repo)
    if repo:
        yield Entry("repo", repo)
    for path in _upwards(origin.path or ""):
        yield Entry("path", path)
        if repo:
            yield Entry("path", path, repo)
    if origin.swhid:
        yield Entry("swhid", origin.swhid.partition(";")[0])
    if origin.revision and _OBJECT_ID.fullmatch(origin.revision):
        yield Entry("swhid", _REVISION + origin.revision)


def _upwards(path: str) -> Iterator[str]:
    """Yield a path, and the folders around it."""
    rest = path.rstrip("/")
    while rest:
        yield rest
        rest = rest.rpartition("/")[0]


def repository(name: str) -> str:
    """Return what tells a repository from another: owner/name, with the host before it unless that is github.com.

    Hosts do not tell the case of a name.
    """
    plain = name.strip().casefold()
    plain = _GITHUB.sub("", plain, count=1) if _GITHUB.match(plain) else _SCHEME.sub("", plain, count=1)
    return plain.strip("/").removesuffix(".git").strip("/")


def read(path: Path) -> tuple[Entry, ...]:
    """Return the entries of a list, each once; raise ConfigError that names the line for one that is none."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigError(f"{path}: {reason}; name a text file with an entry a line") from error
    found: dict[Entry, None] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        stripped = line.strip()
        if stripped and not stripped.startswith("#"):
            found[_entry(stripped, f"{path}:{number}")] = None
    if not found:
        raise ConfigError(f"{path}: there is no entry; write one a line, as: repo owner/name")
    return tuple(found)


def _entry(line: str, place: str) -> Entry:
    kind, _, value = line.partition(" ")
    value = value.strip()
    if kind not in _KINDS:
        raise ConfigError(f"{place}: {line!r} begins with none of {', '.join(_KINDS)}; write, as: repo owner/name")
    if not value:
        raise ConfigError(f"{place}: nothing stands behind {kind}; name what is not wanted, or delete the line")
    if " #" in value or "\t#" in value:
        raise ConfigError(f"{place}: a comment stands on a line of its own; move it there")
    name, _, rest = value.partition(" ")
    if kind == "repo" and rest.strip().startswith("path "):
        return Entry("path", _path(rest.strip().removeprefix("path "), place), _repo(name, place))
    if rest and kind != "path":
        raise ConfigError(f"{place}: {rest!r} stands behind {kind} {name}; write one entry a line")
    return {"repo": _of_repo, "path": _of_path, "swhid": _of_swhid, "id": _of_id}[kind](value, place)


def _of_repo(value: str, place: str) -> Entry:
    return Entry("repo", _repo(value, place))


def _of_path(value: str, place: str) -> Entry:
    return Entry("path", _path(value, place))


def _of_id(value: str, _place: str) -> Entry:
    return Entry("id", value)


def _of_swhid(value: str, place: str) -> Entry:
    core = value.partition(";")[0].lower()
    if not _SWHID.fullmatch(core):
        raise ConfigError(f"{place}: {value!r} is no SWHID; write it in full, as: swhid swh:1:cnt:<40 hex digits>")
    return Entry("swhid", core)


def _repo(value: str, place: str) -> str:
    name = repository(value)
    if "/" not in name:
        raise ConfigError(f"{place}: {value!r} is no repository; write, as: repo owner/name")
    return name


def _path(value: str, place: str) -> str:
    path = value.strip().rstrip("/")
    if not path:
        raise ConfigError(f"{place}: {value!r} would cover every path; name files or folders")
    return path


def ledger(run: Path) -> list[Purge]:
    """Return what was purged of a run so far; raise CorruptData for a damaged ledger, which must not be passed over."""
    path = run / LEDGER
    try:
        lines = path.read_bytes().split(b"\n")
        return [msgspec.json.decode(line, type=Purge) for line in lines if line]
    except FileNotFoundError:
        return []
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CorruptData(f"{path}: {error}; restore it from a copy: it says what may not come back") from error


def of_run(run: Path) -> OptOuts:
    """Return what may not come into a run any more."""
    return OptOuts(frozenset(entry for purge in ledger(run) for entry in purge.entries))


def append(run: Path, purge: Purge) -> None:
    """Add a line to the ledger, durably, unless it is there already."""
    before = ledger(run)
    if purge not in before:
        lines = [msgspec.json.encode(line) + b"\n" for line in (*before, purge)]
        shards.write_file(run / LEDGER, b"".join(lines))
