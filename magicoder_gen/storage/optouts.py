"""Who asked to be left out: the list that a person writes, what it covers, and the ledger by which it holds.

One entry a line; its first word says of what kind it is:

    repo owner/name
    repo owner/name path src/util
    path src/util
    swhid swh:1:cnt:94a9ed024d3859793618152ea559a168bbcbb5e2
    id 5f0c1f0e7f3b0d1c9c1b6f0f3a0c5b5e
"""

import hashlib
import re
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

import msgspec

from magicoder_gen.errors import ConfigError, CorruptData, TryLater
from magicoder_gen.records import Origin, Record
from magicoder_gen.storage import shards
from magicoder_gen.storage.rundir import PURGING

LEDGER = "purges.jsonl"
REASON = "opted_out"

_KINDS = ("repo", "path", "swhid", "id")
_GITHUB = re.compile(r"(?:[a-z+]+://)?(?:[^@/]*@)?(?:(?:www|ssh)\.)?github\.com(?::[0-9]+/|[:/])")
_SCHEME = re.compile(r"[a-z+]+://(?:[^@/]*@)?")
_SCP = re.compile(r"(?:[^@/:]+@)([^/:]+):(?!//)")  # user@host:owner/name
_SWHID = re.compile(r"swh:1:(?:cnt|dir|rev|rel|snp):[0-9a-f]{40}")
_REVISION = "swh:1:rev:"
_OBJECT_ID = re.compile(r"[0-9a-f]{40}")
_POSITION = re.compile(r"row-[0-9]+")  # the id of a seed of a row made elsewhere
_PAGE = re.compile(r"([^/]+/[^/]+(?:/[^/]+)*?)(?:/-)?/(?:tree|blob|raw|commit)/.*")  # of a repository
_QUOTES, _WILD = "\"'`", "*?"


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


class Listed(Record, frozen=True):
    """What a list says: its entries, each once, and the SHA-256 of its bytes."""

    entries: tuple[Entry, ...]
    sha256: str


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


def plain(path: str) -> str:
    """Return a path without what does not tell it from another: a slash or ./ before it, one behind it."""
    return "/".join(name for name in path.strip().split("/") if name not in ("", "."))


def _upwards(path: str) -> Iterator[str]:
    """Yield a path, and the folders around it."""
    rest = plain(path)
    while rest:
        yield rest
        rest = rest.rpartition("/")[0]


def repository(name: str) -> str:
    """Return what tells a repository from another: owner/name, with the host before it unless that is github.com.

    Hosts do not tell the case of a name.
    """
    said = name.strip().casefold()
    if _GITHUB.match(said):
        said = _GITHUB.sub("", said, count=1)
    else:
        said = _SCHEME.sub("", _SCP.sub(r"\1/", said, count=1), count=1)
    return said.strip("/").removesuffix(".git").strip("/")


def read(path: Path) -> Listed:
    """Return what a list says, read once; raise ConfigError that names the line for an entry that is none."""
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
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
    return Listed(tuple(found), hashlib.sha256(content).hexdigest())


def _entry(line: str, place: str) -> Entry:
    kind, _, value = _parted(line)
    if kind not in _KINDS:
        raise ConfigError(f"{place}: {line!r} begins with none of {', '.join(_KINDS)}; write, as: repo owner/name")
    if not value:
        raise ConfigError(f"{place}: nothing stands behind {kind}; name what is not wanted, or delete the line")
    if " #" in value or "\t#" in value:
        raise ConfigError(f"{place}: a comment stands on a line of its own; move it there")
    name, _, rest = _parted(value)
    inner, _, path = _parted(rest)
    if kind == "repo" and inner == "path" and path:
        return Entry("path", _path(path, place), _repo(name, place))
    if rest and kind != "path":
        raise ConfigError(f"{place}: {rest!r} stands behind {kind} {name}; write one entry a line")
    return {"repo": _of_repo, "path": _of_path, "swhid": _of_swhid, "id": _of_id}[kind](value, place)


def _parted(line: str) -> tuple[str, str, str]:
    """Return the first word, what parts it from the rest, and the rest."""
    match = re.fullmatch(r"(\S*)(\s*)(.*)", line, re.DOTALL)
    assert match
    return match[1], match[2], match[3]


def _of_repo(value: str, place: str) -> Entry:
    return Entry("repo", _repo(value, place))


def _of_path(value: str, place: str) -> Entry:
    return Entry("path", _path(value, place))


def _of_id(value: str, place: str) -> Entry:
    if _POSITION.fullmatch(value):
        raise ConfigError(f"{place}: {value!r} only counts rows, others in other files; list the id of the sample")
    return Entry("id", value)


def _of_swhid(value: str, place: str) -> Entry:
    core = value.partition(";")[0].lower()
    if not _SWHID.fullmatch(core):
        raise ConfigError(f"{place}: {value!r} is no SWHID; write it in full, as: swhid swh:1:cnt:<40 hex digits>")
    return Entry("swhid", core)


def _repo(value: str, place: str) -> str:
    _require_plain(value, place)
    name = repository(value)
    if "#" in name:
        raise ConfigError(f"{place}: {value!r} has a #, which no repository has; leave out what begins there")
    if "/" not in name:
        raise ConfigError(f"{place}: {value!r} is no repository; write, as: repo owner/name")
    page = _PAGE.fullmatch(name)
    repo = "/".join(name.split("/")[:2]) if _GITHUB.match(value.casefold()) else page[1] if page else name
    if repo != name:
        raise ConfigError(f"{place}: {value!r} is a page of a repository; write, as: repo {repo} path folder")
    return name


def _path(value: str, place: str) -> str:
    _require_plain(value, place)
    path = plain(value)
    if not path:
        raise ConfigError(f"{place}: {value!r} would cover every path; name files or folders")
    if ".." in path.split("/"):
        raise ConfigError(f"{place}: {value!r} leads out of the repository; write the path as `show` prints it")
    return path


def _require_plain(value: str, place: str) -> None:
    """Raise ConfigError for what no name holds, and is meant for something else."""
    if value[0] in _QUOTES and value[-1] == value[0]:
        raise ConfigError(f"{place}: {value} stands in quotes, which would be part of the name; leave them out")
    if wild := next((one for one in _WILD if one in value), None):
        raise ConfigError(f"{place}: {value!r} has a {wild}, but there are no wildcards; name each, or a folder")
    if not value.isprintable():
        raise ConfigError(f"{place}: {value!r} holds a character that does not show; leave it out")
    if "\\" in value:
        raise ConfigError(f"{place}: {value!r} has a backslash; part folders by /")


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
    except IsADirectoryError as error:
        raise CorruptData(
            f"{path}: a folder; move it away and restore the file: it says what may not come back"
        ) from error


def of_run(run: Path) -> OptOuts:
    """Return what may not come into a run any more."""
    return OptOuts(frozenset(entry for purge in ledger(run) for entry in purge.entries))


def unfinished(run: Path) -> str | None:
    """Say how to finish a purge of a run that was interrupted, None if there is none."""
    command = shlex.join(["magicoder-gen", "purge", str(run), "--opt-out"])
    return f"a purge was interrupted; to finish it: {command} FILE" if (run / PURGING).exists() else None


def require_finished(run: Path) -> None:
    """Raise TryLater where a purge was interrupted: what is there is half of what was."""
    said = unfinished(run)
    if said:
        raise TryLater(f"{run}: {said}")


def append(run: Path, purge: Purge) -> None:
    """Add a line to the ledger, durably, unless it is there already."""
    if purge in ledger(run):
        return
    path = run / LEDGER
    before = path.read_bytes() if path.exists() else b""
    end = b"" if not before or before.endswith(b"\n") else b"\n"
    shards.write_file(path, before + end + msgspec.json.encode(purge) + b"\n")  # what we do not know of lines stays
