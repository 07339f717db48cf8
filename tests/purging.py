"""A run with every kind of file, and every byte of it, to see that nothing is left of what was purged."""

import json
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import embedding_server
import loopback
import pyarrow.parquet
from command import chat, lines, run

from magicoder_gen import config as configuration
from magicoder_gen import pipeline
from magicoder_gen.purge import stage
from magicoder_gen.purge.stage import Purged
from magicoder_gen.storage import jsonl
from magicoder_gen.storage.rundir import RunDir

DOCUMENTS, SEEDS = 40, 24
OWNER = "repo https://github.com/owner1/THING.git"
NAMED = {"purges.jsonl", "run.lock", "config.yaml"}  # what may say what was listed, or is about no row


def document(number: int) -> dict[str, str]:
    """A document whose text, repository, path and SWHID say its number."""
    body = "".join(f"value_{line} = mark{number:02d}(value, {line})\n" for line in range(9))
    return {
        "content": body,
        "lang": "python",
        "repo": f"Owner{number % 5}/Thing",
        "path": f"src/d{number % 4}/m{number:02d}.py",
        "swhid": f"swh:1:cnt:{number:040x}",
    }


def answer(number: int) -> str:
    """An answer that says its number; some repeat others, some are none, some ask for what a benchmark asks for."""
    if number % 8 == 7:
        return f"I would rather not, reply{number:02d}."
    task = (
        f"add up all even numbers of a list, word{number}" if number % 3 == 0 else f"return twice the number {number}"
    )
    same = number - 1 if number % 8 == 5 else number
    solution = f"def solve_{same}(x):\n    return [{same}, x, x * {same}]"
    return f"[Problem Description]\nIn reply{number:02d}, {task}.\n\n[Solution]\n```python\n{solution}\n```\n"


def _answered(prompt: str, _number: int) -> dict[str, Any]:
    """Answer about the document whose mark is in the prompt; to a judge's question say yes now and then."""
    if "Second task" in prompt:
        return loopback.completion("Yes" if len(prompt) % 3 == 0 else "No")
    return loopback.completion(answer(int(re.findall(r"mark(\d\d)", prompt)[-1])))


def settings(teacher: str, vectors: str, **sections: Any) -> dict[str, Any]:
    """Everything that a run can hold, and nobody beyond this machine."""
    corpus = {
        "type": "tables",
        "paths": ["corpus.jsonl"],
        "text": "content",
        "language_column": "lang",
        "repo": "repo",
        "path": "path",
        "swhid": "swhid",
    }
    embeddings = {"type": "endpoint", "base_url": vectors, "api_key_env": None}
    semantic = {"benchmarks": {"exam": "exam.jsonl"}, "embeddings": embeddings, "threshold": 0.3}
    return {
        "sample": {"num": SEEDS, "corpora": [corpus]},
        "generate": {"teacher": chat(teacher, price={"input": 1, "output": 1})},
        "clean": {"near": None, "index": True, "max_rejected": 0.9, "decontaminate": {"semantic": semantic}},
        "judge": {"teacher": chat(teacher)},
        "export": {
            "formats": [{"type": "problem_solution"}, {"type": "openai"}, {"type": "magicoder"}],
            "file": "parquet",
            "splits": {"train": 0.6, "test": 0.4},
        },
        **sections,
    }


@contextmanager
def a_project(project: Path, **sections: Any) -> Iterator[None]:
    """A corpus, a benchmark, a configuration, and the servers that it names."""
    (project / "corpus.jsonl").write_text("".join(json.dumps(document(n)) + "\n" for n in range(DOCUMENTS)))
    (project / "exam.jsonl").write_text(json.dumps({"text": "add up all even numbers of a list"}) + "\n")
    with loopback.serving(_answered) as teacher, embedding_server.serving() as vectors:
        (project / "c.yaml").write_text(json.dumps(settings(teacher.url, vectors.url, **sections)))
        yield


def make(project: Path, *flags: object) -> Path:
    """Run all stages and write what stands for a report; return the run's folder."""
    done = run("run", "c.yaml", "--run", "r", *flags, cwd=project)
    assert done.returncode == 0, done.stderr
    for name in ("report.html", "stats.json"):
        (project / "r" / name).write_text("mark00 reply00")  # as a report may say anything
    return project / "r"


def copied(made: Path, folder: Path) -> RunDir:
    """A copy of a run of its own."""
    shutil.copytree(made, folder / "r")
    return RunDir(folder / "r")


def purged(run: RunDir, *entries: str, dry_run: bool = False) -> Purged:
    """Purge as the command does, but for the lock."""
    listed = run.root.parent / "list.txt"
    listed.write_text("".join(f"{entry}\n" for entry in entries))
    return stage.run(run, listed, export=lambda: _export(run), dry_run=dry_run)


def _export(run: RunDir) -> None:
    config = configuration.load(run.config_path)
    pipeline.prepare("export", config, run).run(_Quiet())


class _Quiet:
    def update(self, done: int, total: int | None = None, **_: Any) -> None:
        """Take no note."""


def contents(root: Path) -> dict[str, bytes]:
    """Every file, decompressed, with what parquet says as JSON."""
    return {str(path.relative_to(root)): _content(path) for path in sorted(root.rglob("*")) if path.is_file()}


def _content(path: Path) -> bytes:
    if path.suffix == ".parquet":
        return path.read_bytes() + json.dumps(pyarrow.parquet.read_table(path).to_pylist()).encode()
    with jsonl.opened(path) as file:
        return file.read()


def saying(root: Path, words: Iterable[str]) -> dict[str, list[str]]:
    """Which files still hold which of some words, in any case; those that may are left out."""
    wanted = {word: word.lower().encode() for word in words}
    every = {name: content.lower() for name, content in contents(root).items() if name not in NAMED}
    found = {name: [word for word, said in wanted.items() if said in content] for name, content in every.items()}
    return {name: some for name, some in found.items() if some}


def words_of(root: Path, seeds: Iterable[dict[str, Any]]) -> set[str]:
    """Everything that tells of some seeds: their ids, those of what came of them, their texts, answers and places."""
    known = {seed["id"]: seed for seed in seeds}
    found: set[str] = set()
    for seed in known.values():
        found |= {seed["id"], seed["origin"]["path"], seed["origin"]["swhid"], mark(seed), mark(seed, "reply")}
    for row in rows(root):
        if row["seed"]["id"] in known:
            found |= {row["prompt_id"], row.get("id") or row["prompt_id"]}
    return found


def mark(seed: dict[str, Any], word: str = "mark") -> str:
    """What the document of a seed is known by, and (`reply`) the answer to it."""
    return word + seed["origin"]["path"][-5:-3]


def rows(root: Path) -> list[dict[str, Any]]:
    """Samples and rejections."""
    return lines(root / "samples") + lines(root / "rejections")


def entries(root: Path) -> list[dict[str, Any]]:
    """The journal."""
    return [line["record"] for line in lines(root / "replies") if "record" in line]


def assert_counted(run: RunDir) -> None:
    """What the manifest counts is what a recount finds, every part is as it says, and every sum is right."""
    stages = run.stages()
    for name, entry in stages.items():
        assert entry.counts, name
        assert entry.counts.taken == entry.counts.kept + sum(entry.counts.reasons.values()), name
        assert run.is_complete(name, entry.inputs), name  # type: ignore[arg-type]
    samples, rejections = lines(run.root / "samples"), lines(run.root / "rejections")
    reasons = Counter(f"{row['check']}:{row['reason']}" for row in rejections)
    assert stages["clean"].counts
    assert (stages["clean"].counts.kept, stages["clean"].counts.reasons) == (len(samples), dict(reasons))
    if "sample" in stages:
        assert stages["sample"].counts
        assert stages["generate"].counts
        assert stages["sample"].counts.kept == stages["generate"].counts.taken == len(lines(run.root / "seeds"))
        replied = [entry for entry in entries(run.root) if entry["record"] == "reply"]
        assert stages["generate"].counts.kept == stages["clean"].counts.taken == len(replied)


def of_owner(root: Path, number: int = 1) -> list[dict[str, Any]]:
    """The seeds of one repository."""
    return [seed for seed in lines(root / "seeds") if seed["origin"]["repo"] == f"Owner{number}/Thing"]


def raw(folder: Path) -> list[bytes]:
    """The lines of a folder's parts."""
    return [line for path in jsonl.parts(folder) for line in path.read_bytes().split(b"\n") if line]


def listed(run: RunDir, *entries: str) -> Path:
    """A list beside the run."""
    path = run.root.parent / "listed.txt"
    path.write_text("".join(f"{entry}\n" for entry in entries))
    return path
