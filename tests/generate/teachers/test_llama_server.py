"""llama.cpp's server as a child process, with the smallest real model."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import aiohttp
import pytest

from magicoder_gen.errors import ConfigError, TeacherUnreachable
from magicoder_gen.generate.teachers import llama_server
from magicoder_gen.generate.teachers.llama_server import LlamaServer

HELLO = {"messages": [{"role": "user", "content": "Say hello."}], "max_tokens": 8, "seed": 1}


async def ask(server: LlamaServer, key: str | None) -> tuple[int, str]:
    """Return status and body of a chat completion."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with (
        aiohttp.ClientSession() as client,
        client.post(f"{server.url}/v1/chat/completions", json=HELLO, headers=headers) as response,
    ):
        return response.status, await response.text()


def gone(pid: int, *, seconds: float = 20.0) -> bool:
    """Wait until the process is gone, or a zombie that nobody has collected."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        listed = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
        if listed.stdout.strip().startswith("Z") or not listed.stdout.strip():
            return True
        time.sleep(0.05)
    return False


@pytest.mark.embedded
def test_answers_who_holds_the_key(model: Path) -> None:
    """The key opens it, its absence gives 401, there is no web page, SIGINT to its group does nothing."""

    async def talk() -> int:
        async with llama_server.started(model, name="tiny", threads=1, slots=1, context=256) as server:
            status, body = await ask(server, server.key)
            assert status == 200
            assert json.loads(body)["choices"][0]["message"]["content"]
            assert (await ask(server, None))[0] == 401
            assert (await ask(server, "guess"))[0] == 401
            async with aiohttp.ClientSession() as client, client.get(server.url) as page:
                assert page.status == 404
            assert os.getpgid(server.pid) != os.getpgid(0)
            os.killpg(os.getpgid(server.pid), signal.SIGINT)
            assert (await ask(server, server.key))[0] == 200
            return server.pid

    assert gone(asyncio.run(talk()))


@pytest.mark.embedded
def test_key_is_not_shown(model: Path) -> None:
    """The key is in no argument and no environment variable of the child, which others may read."""

    async def talk() -> bytes:
        async with llama_server.started(model, name="tiny", threads=1, slots=1, context=256) as server:
            listed = subprocess.run(  # noqa: ASYNC221
                ["ps", "eww", "-p", str(server.pid)], capture_output=True, check=True
            )
            assert server.key.encode() not in listed.stdout
            return listed.stdout

    assert b"llama_server" in asyncio.run(talk())


@pytest.mark.embedded
def test_dies_with_its_parent(model: Path) -> None:
    """Nobody keeps the processor busy after kill -9 of the command."""
    parent = (
        "import asyncio, pathlib, sys\n"
        "from magicoder_gen.generate.teachers import llama_server\n"
        "async def main():\n"
        "    options = {'name': 'tiny', 'threads': 1, 'slots': 1, 'context': 256}\n"
        "    async with llama_server.started(pathlib.Path(sys.argv[1]), **options) as server:\n"
        "        print(server.pid, flush=True)\n"
        "        await asyncio.sleep(600)\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", parent, str(model)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        child = int(process.stdout.readline())
        assert not gone(child, seconds=0.1)
        process.kill()
    assert gone(child)


@pytest.mark.embedded
def test_not_a_model(model: Path, tmp_path: Path) -> None:
    """A file that llama.cpp cannot load ends in one line with llama.cpp's own words."""
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + bytes(100))

    async def start() -> None:
        async with llama_server.started(broken, name="tiny", threads=1, slots=1, context=256):
            pass

    with pytest.raises(TeacherUnreachable, match=r"broken.gguf did not start: .*failed to load model") as raised:
        asyncio.run(start())
    assert "\n" not in str(raised.value)


@pytest.mark.embedded
def test_death_is_explained(model: Path) -> None:
    """When the server dies under the teacher, the error says so instead of "connection refused"."""

    async def killed() -> None:
        async with llama_server.started(model, name="tiny", threads=1, slots=1, context=256) as server:
            os.kill(server.pid, signal.SIGKILL)
            assert gone(server.pid)
            await asyncio.sleep(0.2)
            raise TeacherUnreachable("connection refused")

    with pytest.raises(TeacherUnreachable, match="died: it left no log"):
        asyncio.run(killed())


@pytest.mark.embedded
def test_patience(model: Path) -> None:
    """A model that does not get ready in time is given up, and its process with it."""

    async def hurry() -> None:
        async with llama_server.started(model, name="tiny", threads=1, slots=1, context=256, patience=0.01):
            pass

    with pytest.raises(TeacherUnreachable, match="was not ready within 0 seconds"):
        asyncio.run(hurry())


def test_missing_binding(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without xllamacpp the error is the line that installs it."""
    monkeypatch.setitem(sys.modules, "xllamacpp", None)

    async def start() -> None:
        async with llama_server.started(tmp_path / "any.gguf", name="tiny", threads=1, slots=1, context=256):
            pass

    with pytest.raises(ConfigError, match=r'pip install "magicoder-gen\[local\]"'):
        asyncio.run(start())


def test_free_threads() -> None:
    """There is always one thread, and never more than there are cores."""
    assert 1 <= llama_server.free_threads() <= (os.cpu_count() or 1)
