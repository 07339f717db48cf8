"""Programs of their own that use executors, and the workers they leave."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

from command import ROOT


def started(program: str, folder: Path, **environment: str) -> "subprocess.Popen[str]":
    """A script of its own, leader of its process group, run in `folder`."""
    script = folder / "script.py"
    script.write_text(textwrap.dedent(program))
    paths = os.pathsep.join([ROOT, f"{ROOT}/tests"])
    return subprocess.Popen(
        [sys.executable, str(script)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": paths, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finished(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    """Exit code, stdout and stderr, when all who could write to them have ended."""
    with process:
        out, err = process.communicate(timeout=50)
    return process.returncode, out, err


def gone(folder: Path) -> bool:
    """Whether every worker that left its mark in the folder has ended."""
    return not any(alive(int(path.name.removeprefix("worker-"))) for path in folder.glob("worker-*"))


def alive(process: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def group(leader: int) -> bool:
    """Whether the leader's process group has a member."""
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return False
    return True


def workers() -> list[int]:
    """The worker processes of this process."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(") ")[2].split()[1])
            command = (folder / "cmdline").read_text()
        except OSError:  # it has ended meanwhile
            continue
        if parent == os.getpid() and "worker.serve" in command:
            found.append(int(folder.name))
    return found
