"""A git repository's commits, names and contents, read by the git command without a work tree.

Only two questions are asked of the repository itself: where it is (git checks its ownership on that) and which
commit a revision names. Trees and contents are read through an empty repository of our own that merely shares its
objects. So none of its configuration, hooks, filters, attributes, replacements or grafts has any effect, and nothing
is fetched, whatever the version of git: a partial clone's promise is unknown there, a missing object just missing.
Paths are never opened on disk. Not covered: objects made to be slow or large to unpack, flaws of git itself, and
objects of other repositories that objects/info/alternates points to.
"""

import os
import re
import shlex
import signal
import subprocess
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO, NamedTuple

from magicoder_gen.errors import CorruptData, MagicoderError, TryLater, creating
from magicoder_gen.records import Record
from magicoder_gen.sample.corpora import checkouts, faults
from magicoder_gen.sample.corpora.faults import WrongOption

_FILE_MODE = b"100"  # 100644 and 100755; symbolic links are 120000, submodules 160000
_SHA1_DIGITS = 40
_STOPPED = frozenset({-signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP})
_KEPT_VARIABLES = re.compile(r"(?!GIT_)|GIT_CONFIG_|GIT_EXEC_PATH$")  # the user's own settings, where they lie


class Blob(NamedTuple):
    """A file of a tree; `size` is in bytes, 0 where the object is missing or damaged."""

    path: str
    id: str
    size: int


class Damage(NamedTuple):
    """Why an object cannot be read: `bad_object` or `missing_blob`, and what git says."""

    reason: str
    said: str


class Repository(Record, frozen=True):
    """Where a repository's objects lie; `commit` is a full id."""

    path: str
    objects: str
    commit: str

    @property
    def is_sha1(self) -> bool:
        """Whether object ids are SHA-1, not SHA-256."""
        return len(self.commit) == _SHA1_DIGITS

    def blobs(self) -> Iterator[Blob]:
        """Yield the regular files of the commit in git's order; raise CorruptData where a folder cannot be read."""
        arguments = ["ls-tree", "-r", "-z", "-l", "--full-tree", self.commit]
        with _reading(self) as variables, _running(arguments, variables) as (answer, talk, process):
            for line in _until_nul(answer):
                about, _, path = line.partition(b"\t")
                mode, _, blob, size = about.split()
                if mode.startswith(_FILE_MODE):
                    yield Blob(os.fsdecode(path), blob.decode(), int(size) if size.isdigit() else 0)
            if process.wait():
                _raise_if_stopped(process, self.path)
                raise CorruptData(f"{self.path}: the files of {self.commit} cannot be listed: {_last_line(talk)}")

    def contents(self, blobs: Sequence[str]) -> Generator[bytes | Damage, None, None]:
        """Yield the content of each, in order; git ends on a damaged one and is started again behind it."""
        if not Path(self.objects).is_dir():
            raise CorruptData(f"{self.path} is not there any more; put it back and run the same command again")
        done = 0
        with _reading(self) as variables:
            while done < len(blobs):
                for content in self._batch(blobs[done:], variables):
                    done += 1
                    yield content

    def _batch(self, blobs: Sequence[str], variables: dict[str, str]) -> Iterator[bytes | Damage]:
        with TemporaryFile() as wanted:  # a pipe could fill while git waits for us to read
            wanted.write("".join(f"{blob}\n" for blob in blobs).encode())
            wanted.seek(0)
            with _running(["cat-file", "--batch", "--buffer"], variables, asked=wanted) as (answer, talk, process):
                for blob in blobs:
                    content = _answered(answer)
                    if content is None:
                        process.wait()
                        _raise_if_stopped(process, self.path)
                        yield Damage("bad_object", _last_line(talk))
                        return
                    yield content if content != _MISSING else self._missing(blob, talk)

    def _missing(self, blob: str, talk: IO[bytes]) -> Damage:
        """Tell a damaged object, which git may call missing too, from one that is not there."""
        said = [line for line in _lines(talk) if blob in line]
        if said or os.path.lexists(f"{self.objects}/{blob[:2]}/{blob[2:]}"):
            return Damage("bad_object", said[-1] if said else "cannot be read")
        return Damage("missing_blob", "missing, as in partial clones; git fetch --refetch brings all")


_MISSING = Damage("missing_blob", "")


def opened(path: Path, revision: str) -> tuple[Repository, str]:
    """Return the repository at `path` (bare, a checkout or its .git) at `revision`, and its git folder.

    Raises WrongOption if there is no git, no repository or no such commit, or if git does not trust its owner.
    """
    if not path.is_dir():
        found = "is not a folder" if path.exists() else "does not exist"
        raise WrongOption("path", f"{faults.shown(path)} {found}; name a git repository")
    git = _asked(path, "rev-parse", "--absolute-git-dir")
    commit = _commit(path, revision)
    return Repository(str(path), f"{checkouts.common_folder(git)}/objects", commit), git


def _commit(path: Path, revision: str) -> str:
    wanted = "" if "\0" in revision else f"{revision}^{{commit}}"  # a NUL cannot be passed on; "" names nothing
    try:
        return _asked(path, "rev-parse", "--verify", "--quiet", "--end-of-options", wanted)
    except WrongOption as error:
        if not _asked(path, "rev-list", "--all", "--max-count=1"):
            raise WrongOption("path", f"{faults.shown(path)} has no commit yet; commit something first") from error
        problem = f"{revision!r} names no commit in {faults.shown(path)}; name a branch, a tag or a commit id"
        raise WrongOption("revision", problem) from error


def _asked(path: Path, *arguments: str) -> str:
    """Return what git says of the repository at `path` and of none around it."""
    variables = _variables(GIT_CEILING_DIRECTORIES=str(path.parent))
    command = ["git", "-c", "core.fsmonitor=false", "-C", str(path), *arguments]
    try:
        done = subprocess.run(  # noqa: S603  # no shell; the user names path and revision
            command, env=variables, stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
    except OSError as error:
        raise _not_started(error) from error
    if done.returncode:
        raise _refused(path, os.fsdecode(done.stderr))
    return os.fsdecode(done.stdout).removesuffix("\n")


def _refused(path: Path, said: str) -> WrongOption:
    if "dubious ownership" in said:
        allowed = f"git config --global --add safe.directory {shlex.quote(str(path))}"
        return WrongOption("path", f"{faults.shown(path)} belongs to another user; if you trust it: {allowed}")
    if not said or "not a git repository" in said:
        return WrongOption("path", f"{faults.shown(path)} is not a git repository; name one, or use type: local")
    return WrongOption("path", f"git cannot read {faults.shown(path)}: {_last_said(said)}; repair it or name another")


def _not_started(error: OSError) -> MagicoderError:
    if isinstance(error, FileNotFoundError):
        return WrongOption("type", "git needs the git command, which is not here; install git")
    faults.raise_if_exhausted(error, "git")
    return WrongOption("type", f"the git command cannot be started: {error.strerror}; repair git")


def _variables(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if _KEPT_VARIABLES.match(name)}
    return kept | {
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_ALLOW_PROTOCOL": "none",  # older versions know no GIT_NO_LAZY_FETCH
        **more,
    }


@contextmanager
def _reading(repository: Repository) -> Iterator[dict[str, str]]:
    """Make an empty repository that shares the objects, and yield the environment in which git reads it."""
    with creating(Path(os.environ.get("TMPDIR", "/tmp"))):  # noqa: S108  # where tempfile looks, for the message
        scratch = TemporaryDirectory(prefix="magicoder-gen-")
    with scratch as folder:
        kind = "" if repository.is_sha1 else "[extensions]\n\tobjectformat = sha256\n"
        version = 0 if repository.is_sha1 else 1
        Path(folder, "refs").mkdir()
        Path(folder, "HEAD").write_text("ref: refs/heads/none\n")
        Path(folder, "config").write_text(f"[core]\n\trepositoryformatversion = {version}\n\tbare = true\n{kind}")
        yield _variables(
            GIT_DIR=folder,
            GIT_OBJECT_DIRECTORY=repository.objects,
            GIT_CONFIG_NOSYSTEM="1",
            GIT_CONFIG_GLOBAL=os.devnull,
        )


@contextmanager
def _running(
    arguments: Sequence[str], variables: dict[str, str], *, asked: IO[bytes] | None = None
) -> Iterator[tuple[IO[bytes], IO[bytes], "subprocess.Popen[bytes]"]]:
    """Yield git's answer, the file of its messages, and the process, which ends with the block."""
    with TemporaryFile() as talk:
        try:
            process = subprocess.Popen(  # noqa: S603  # no shell; arguments are ours
                ["git", *arguments],  # noqa: S607  # the user's git, wherever it lies
                env=variables,
                stdin=asked or subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=talk,
                bufsize=1 << 16,
                process_group=0,  # Ctrl-C is for us to handle, not for git
            )
        except OSError as error:
            raise _not_started(error) from error
        with process:
            assert process.stdout is not None
            try:
                yield process.stdout, talk, process
            finally:
                process.kill()


def _answered(answer: IO[bytes]) -> bytes | Damage | None:
    """Return the next object's content, None if git has ended before its end."""
    head = answer.readline().split()
    if len(head) == 2:  # noqa: PLR2004  # id, "missing"
        return _MISSING
    if len(head) != 3:  # noqa: PLR2004  # id, type, size
        return None
    size = int(head[2])
    content = answer.read(size + 1)
    if len(content) != size + 1:
        return None
    return content[:-1] if head[1] == b"blob" else Damage("bad_object", f"is a {head[1].decode()}, not a file")


def _until_nul(stream: IO[bytes]) -> Iterator[bytes]:
    rest = b""
    while chunk := stream.read(1 << 16):
        *lines, rest = (rest + chunk).split(b"\0")
        yield from lines


def _raise_if_stopped(process: "subprocess.Popen[bytes]", path: str) -> None:
    if process.returncode in _STOPPED:
        name = signal.Signals(-process.returncode).name
        raise TryLater(f"git was ended by {name} while it read {path}; run the same command again")


def _lines(talk: IO[bytes]) -> list[str]:
    size = os.fstat(talk.fileno()).st_size
    return os.pread(talk.fileno(), min(size, 1 << 20), 0).decode("utf-8", "replace").split("\n")


def _last_line(talk: IO[bytes]) -> str:
    return _last_said("\n".join(_lines(talk))) or "git ended without a word"


def _last_said(said: str) -> str:
    return said.strip().rpartition("\n")[2].removeprefix("fatal: ")
