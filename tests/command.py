"""Run our command as a user does, and read what it leaves behind."""

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from loopback import completion

KEY = "canary-key-4711"
ROOT = str(Path(__file__).parent.parent)
PYTHON = shlex.quote(sys.executable)
ANSWERS = [
    f"[Problem Description]\nWrite `add_{n}(x)`, which adds {n} to a number.\n\n"
    f"[Solution]\n```python\ndef add_{n}(x):\n    return x + {n}\n```\n"
    for n in range(30)
]


def run(*arguments: object, cwd: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run the command to its end."""
    with start(*arguments, cwd=cwd, **environment) as process:
        out, err = process.communicate(timeout=60)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def start(*arguments: object, cwd: Path, **environment: str) -> "subprocess.Popen[str]":
    """Start the command; its key is the canary."""
    return subprocess.Popen(
        [sys.executable, "-m", "magicoder_gen", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": ROOT, "TEST_KEY": KEY, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def configure(project: Path, teacher: dict[str, Any], **sections: Any) -> None:
    """Write c.yaml; JSON is YAML."""
    config = {
        "sample": {"num": 12, "corpora": [{"type": "local", "path": "code"}]},
        "generate": {"teacher": teacher},
        **sections,
    }
    (project / "c.yaml").write_text(json.dumps(config))


def chat(url: str, **changes: Any) -> dict[str, Any]:
    """A teacher on loopback."""
    return {"type": "chat", "model": "test-model", "base_url": url, "api_key_env": "TEST_KEY", **changes}


def answering() -> Callable[[str, int], Any]:
    """A server that gives every prompt another answer."""
    seen: dict[str, int] = {}
    return lambda prompt, _number: completion(ANSWERS[seen.setdefault(prompt, len(seen))])


def text_of(answer: dict[str, Any]) -> str:
    """The text of a completion."""
    return str(answer["choices"][0]["message"]["content"])


def lines(folder: Path) -> list[dict[str, Any]]:
    """Every record of a folder of JSON lines."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.jsonl"))]
    return [json.loads(line) for text in texts for line in text.split("\n") if line]


def products(root: Path) -> dict[str, bytes]:
    """What a run publishes, by name."""
    folders = ("seeds", "samples", "rejections", "data")
    files = [path for folder in folders for path in (root / folder).rglob("*") if path.is_file()]
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


def replied(root: Path) -> list[str]:
    """Return the lines of the journal that hold a reply."""
    path = root / "replies" / "part-00000.jsonl"
    return [line for line in path.read_text().split("\n") if '"record":"reply"' in line] if path.exists() else []


def wait_for(condition: Callable[[], bool]) -> None:
    """Return when `condition` holds, at most 30 seconds from now."""
    for _ in range(600):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("waited 30 s in vain")
