"""What all clients are asked: seeds, prompts and configuration of a run, and what a client has in the end."""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
ROW = re.compile(r"(?:row-|collect_)(\d{7})")


class Bench:
    """What all runs share: the teacher's URL, the settings, a scratch folder."""

    def __init__(self, url: str, arguments: argparse.Namespace, scratch: Path) -> None:
        self.url = url
        self.arguments = arguments
        self.scratch = scratch

    def behave(self, **modes: Any) -> None:
        """Set the teacher's modes, clear its counts."""
        body = json.dumps({"latency": self.arguments.latency, **modes}).encode()
        with urlopen(Request(f"{self.url}/control", data=body, method="POST"), timeout=60):  # noqa: S310  # loopback
            pass

    def counts(self) -> dict[str, Any]:
        """Return the teacher's counts."""
        with urlopen(f"{self.url}/control", timeout=60) as answer:  # noqa: S310  # loopback
            counts: dict[str, Any] = json.load(answer)
        return counts

    def project(self, rows: int) -> Path:
        """Return a folder with a configuration, its sampled run directory and the same prompts as a file; made once."""
        folder = self.scratch / f"rows-{rows}"
        if not (folder / "ready").exists():
            folder.mkdir(parents=True, exist_ok=True)
            _write_corpus(folder / "corpus.jsonl", rows)
            self.configure(folder, rows)
            self._command(folder, "sample")
            _write_prompts(folder)
            (folder / "ready").touch()
        self.configure(folder, rows)
        return folder

    def configure(self, folder: Path, rows: int) -> None:
        """Write the configuration for the teacher's present URL."""
        corpus = {"type": "tables", "paths": [str(folder / "corpus.jsonl")], "language": "python"}
        sample = {"num": rows, "corpora": [corpus], "strategy": {"type": "file"}, "quality": "none"}
        teacher = {"type": "chat", "model": "bench-model", "base_url": f"{self.url}/v1", "api_key_env": None}
        generate = {"teacher": {**teacher, "concurrency": self.arguments.concurrency}}
        config = {"sample": sample, "generate": generate}
        (folder / "config.yaml").write_text(json.dumps(config))

    def _command(self, folder: Path, *words: str) -> None:
        subprocess.run(self.ours(folder, folder / "run", *words), env=self.environment(), check=True, cwd=folder)  # noqa: S603

    def ours(self, folder: Path, run: Path, *words: str) -> list[str]:
        """Return our command line."""
        stage, *options = words
        given = [str(folder / "config.yaml"), "--run", str(run), "--json", *options]
        return [sys.executable, "-m", "magicoder_gen", stage, *given]

    def environment(self) -> dict[str, str]:
        """Return what a child finds in its environment."""
        return {**os.environ, "PYTHONPATH": str(self.arguments.root)}

    def command(self, client: str, rows: int, out: Path) -> list[str]:
        """Return the command line of a client that writes to `out`, a run directory or a file."""
        folder = self.project(rows)
        if client == "ours":
            if not out.exists():
                shutil.copytree(folder / "run", out)
            return self.ours(folder, out, "generate")
        python = self.arguments.curator if client == "curator" else sys.executable
        given = [self.url, str(folder / "prompts.jsonl"), str(out), "--concurrency", str(self.arguments.concurrency)]
        return [python, str(HERE / "clients.py"), client, *given]


def _write_corpus(path: Path, rows: int) -> None:
    """Write one document of about 700 characters a row; its number is the tag by which the teacher knows it."""
    with path.open("w", encoding="utf-8") as file:
        for row in range(rows):
            lines = [f"# row-{row:07d}", f"def scaled_{row}(values, factor={row % 97}):", "    result = []"]
            lines += [f"    result.append(values[{place}] * factor + {place * row % 1013})" for place in range(11)]
            file.write(json.dumps({"content": "\n".join([*lines, "    return result", ""])}) + "\n")


def _write_prompts(folder: Path) -> None:
    """Write what our own stage will ask, for the other clients."""
    import jinja2

    templates = ROOT / "prompts" / "oss_instruct"
    system = (templates / "system.j2").read_text()
    user = jinja2.Template((templates / "user.j2").read_text())  # not HTML
    with (folder / "prompts.jsonl").open("w", encoding="utf-8") as file:
        for seed in _lines(folder / "run" / "seeds"):
            question = user.render(code=seed["text"], language="python", fence="```")
            messages = [{"role": "system", "content": system}, {"role": "user", "content": question}]
            file.write(json.dumps({"row": _row(seed["text"]), "messages": messages}) + "\n")


def _lines(place: Path) -> Iterator[dict[str, Any]]:
    """Yield the records of a file or of a folder of JSON lines; a torn last line is none."""
    for path in sorted(place.glob("*.jsonl")) if place.is_dir() else [place] * place.exists():
        with path.open(encoding="utf-8") as file:
            for line in file:
                if line.endswith("\n"):
                    yield json.loads(line)


def _row(text: str | None) -> str:
    found = ROW.search(text or "")
    return found[1] if found else ""


def obtained(out: Path) -> dict[str, int]:
    """Count what a client has: rows, those cut by `length`, given twice, given to another prompt, not readable."""
    rows: Counter[str] = Counter()
    found: Counter[str] = Counter()
    for line in _lines(out / "replies" if out.is_dir() else out):
        record = line.get("record", line)
        if out.is_dir() and record.get("record") != "reply":
            found[record.get("kind", "")] += record.get("record") == "failure"
            continue
        row = _row(record["seed"]["text"]) if out.is_dir() else record["row"]
        rows[row] += 1
        found["length"] += record["finish_reason"] == "length"
        found["mixed_up"] += out.is_dir() and _row(record["text"]) != row
    return {"rows": len(rows), "twice": rows.total() - len(rows), **found}
