"""llama.cpp's HTTP server in a child process: bound to loopback, behind a random key, gone when we are.

A child, because a crash or a held interpreter lock in native code must not take the command with it. The key
travels over stdin: arguments and environments can be read by others on the machine.
"""

import asyncio
import importlib.util
import os
import secrets
import signal
import sys
import tempfile
import threading
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import msgspec

from magicoder_gen.errors import ConfigError, TeacherUnreachable
from magicoder_gen.records import Record

_PACKAGE = Path(__file__).resolve().parents[2]
PATIENCE = 300.0
"""Seconds until a model must be loaded; the embedded one takes 2, tens of gigabytes off a slow disk take minutes."""
_GRACE = 5.0
"""Seconds between SIGTERM and SIGKILL."""
_CRITICAL = 1
"""llama.cpp's verbosity for errors alone; from 3 on it logs every request."""


class Options(Record, frozen=True):
    """What the child reads from its first line of stdin; `name` is what answers call the model.

    `context` is in tokens per slot.
    """

    model: str
    name: str
    key: str
    threads: int
    slots: int
    context: int


class Listening(Record, frozen=True):
    """What the child says when the model is loaded."""

    port: int


class LlamaServer(Record, frozen=True):
    """A server that is ready: where, behind which key, and in which process."""

    url: str
    key: str
    pid: int


@asynccontextmanager
async def started(
    model: Path, *, name: str, threads: int, slots: int, context: int, patience: float = PATIENCE
) -> AsyncIterator[LlamaServer]:
    """Start a server and wait until its model is loaded; stop it at the end of the block.

    Raises ConfigError where xllamacpp is missing; TeacherUnreachable with the end of the server's log where
    it does not come up within `patience` seconds, or died and so made the block fail.
    """
    require_xllamacpp()
    key = secrets.token_urlsafe(32)
    with tempfile.TemporaryFile() as log:
        child = await _spawned(log)
        try:
            port = await _port(child, Options(str(model), name, key, threads, slots, context), patience, log)
            with _explained(child, model, log):
                yield LlamaServer(f"http://127.0.0.1:{port}", key, child.pid)
        finally:
            await _stopped(child)


@contextmanager
def _explained(child: Process, model: Path, log: IO[bytes]) -> Iterator[None]:
    """Turn "unreachable" into the child's last words if it died."""
    try:
        yield
    except TeacherUnreachable as error:
        if child.returncode is None:
            raise
        raise TeacherUnreachable(_death(model, "died", log)) from error


async def _spawned(log: IO[bytes]) -> Process:
    package = str(_PACKAGE.parent)
    search = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH"))))
    # -P: what lies in the user's folder must not shadow modules that we import.
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "magicoder_gen.generate.teachers.llama_server"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=log,
        env={**os.environ, "PYTHONPATH": search},
        start_new_session=True,  # Ctrl-C is for us: answers in flight are still wanted
    )


async def _port(child: Process, options: Options, patience: float, log: IO[bytes]) -> int:
    """Hand the child its options and return the port it serves on once the model is loaded."""
    assert child.stdin
    assert child.stdout
    child.stdin.write(msgspec.json.encode(options) + b"\n")
    try:
        line = await asyncio.wait_for(child.stdout.readline(), patience)
    except TimeoutError as error:
        what = f"was not ready within {patience:.0f} seconds"
        raise TeacherUnreachable(_death(Path(options.model), what, log)) from error
    if not line:
        await child.wait()
        raise TeacherUnreachable(_death(Path(options.model), "did not start", log))
    return msgspec.json.decode(line, type=Listening).port


async def _stopped(child: Process) -> None:
    """End the child, and nothing else, politely first."""
    if child.returncode is None:
        with suppress(ProcessLookupError):
            child.terminate()
        try:
            await asyncio.wait_for(child.wait(), _GRACE)
        except TimeoutError:
            child.kill()
            await child.wait()


def _death(model: Path, what: str, log: IO[bytes]) -> str:
    log.seek(0)
    lines = [line.strip() for line in log.read().decode(errors="replace").split("\n")]
    end = " | ".join([line for line in lines if line][-3:]) or "it left no log"
    return f"llama.cpp's server for {model} {what}: {end}; check the model file and the free memory"


def require_xllamacpp() -> None:
    """Raise ConfigError with the line that installs it if llama.cpp's binding is missing."""
    if importlib.util.find_spec("xllamacpp") is None:
        raise ConfigError(
            "generate.teacher.type: local needs xllamacpp, which is not installed; "
            'pip install "magicoder-gen[local]" (in a checkout: pip install -e ".[local]")'
        )


def free_threads() -> int:
    """Return how many physical cores are idle now, at least 1; looks for a third of a second.

    Threads beyond that cost more than they bring: llama.cpp's wait for each other at every layer. The load average
    would do but for its memory: what has just been installed would count for minutes.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    smt = Path("/sys/devices/system/cpu/smt/active")
    with suppress(OSError):
        allowed = allowed // 2 if smt.read_text().strip() == "1" else allowed
    return max(1, round(allowed * _idle_share()))


def _idle_share() -> float:
    """Return the share of processor time that nobody used during a moment; 1.0 where the system does not say."""
    try:
        before = _processor_ticks()
        time.sleep(0.3)
        spent = [after - earlier for after, earlier in zip(_processor_ticks(), before, strict=True)]
    except OSError:
        return 1.0
    return sum(spent[3:5]) / (sum(spent) or 1)  # idle and waiting for disks


def _processor_ticks() -> list[int]:
    """Return user, nice, system, idle, iowait, … of all processors together (proc(5))."""
    line = Path("/proc/stat").read_text(encoding="ascii").partition("\n")[0]
    return [int(ticks) for ticks in line.split()[1:]]


def serve() -> None:
    """Be the child: read Options, serve, say where, and live until stdin ends."""
    announce = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever native code prints belongs to the log
    options = msgspec.json.decode(sys.stdin.buffer.readline(), type=Options)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    import xllamacpp

    try:
        server = xllamacpp.Server(_parameters(xllamacpp, options))
    except RuntimeError as error:
        sys.exit(str(error))
    port = int(server.listening_address.rsplit(":", 1)[1])
    announce.write(msgspec.json.encode(Listening(port)) + b"\n")
    announce.flush()
    threading.Event().wait()


def _parameters(xllamacpp: Any, options: Options) -> Any:
    """Return llama.cpp's parameters; those not named here keep the defaults of `llama-server`."""
    parameters = xllamacpp.CommonParams()
    parameters.model.path = options.model
    parameters.model_alias = {options.name}
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.api_keys = [options.key]
    parameters.ui = False
    parameters.endpoint_slots = False
    parameters.offline = True
    parameters.verbosity = _CRITICAL
    parameters.n_parallel = options.slots
    parameters.n_ctx = options.slots * options.context
    parameters.cpuparams.n_threads = options.threads
    parameters.cpuparams_batch.n_threads = options.threads
    parameters.cache_ram_mib = 0  # by default old prompts pile up to 8 GiB; ours hardly repeat
    return parameters


def _die_with_parent() -> None:
    """End this process when the parent, the only writer of stdin, is gone, even by SIGKILL."""
    while os.read(0, 1):
        pass
    os._exit(0)


if __name__ == "__main__":
    serve()
