"""The documentation is true: its commands run, its trees and tables are complete."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import command
import hub_server
import pyarrow
import pyarrow.parquet
import pytest
from loopback import serving

from magicoder_gen import languages
from magicoder_gen.records import Origin, Seed

ROOT = Path(__file__).parent.parent


def blocks(language: str) -> list[str]:
    """The fenced blocks of the README in that language."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", readme, re.DOTALL | re.MULTILINE)


def commands() -> list[str]:
    """Every line of the README's shell blocks, without its comment."""
    return [line.partition("  #")[0].strip() for block in blocks("sh") for line in block.split("\n") if line]


def test_the_readme_is_short() -> None:
    """At most 150 lines."""
    assert len((ROOT / "README.md").read_text(encoding="utf-8").split("\n")) <= 151


def test_every_command_of_the_readme_runs(tmp_path: Path) -> None:
    """In its order, in an empty folder, against a loopback server instead of the one the README names."""
    ours = [command for command in commands() if command.startswith("magicoder-gen")]
    assert len(ours) >= 5
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OPENAI_API_KEY": "test-key", "HF_HUB_OFFLINE": "1"}
    answers = iter(range(1000))
    row = {"instruction": _task(-1), "output": "```python\nprint(-1)\n```"}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n")
    (tmp_path / "opt-outs.txt").write_text("repo nobody/nothing\n")
    with serving(lambda _prompt, _number: _an_answer(next(answers))) as server:
        for command in ours:
            words = command.replace("http://127.0.0.1:8000/v1", server.url).split()[1:]
            done = subprocess.run(
                [sys.executable, "-m", "magicoder_gen", *words],
                cwd=tmp_path,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, f"{command}: {done.stderr}"
    _load(tmp_path, environment)


def _an_answer(number: int) -> dict[str, object]:
    from loopback import completion

    return completion(f"[Problem Description]\n{_task(number)}\n[Solution]\n```python\nprint({number})\n```")


def _task(number: int) -> str:
    return f"Write a program that prints {number} on a line of its own."


def _load(folder: Path, environment: dict[str, str]) -> None:
    """Run the README's Python on what the commands made."""
    (snippet,) = blocks("python")
    code = snippet + "\nassert rows.num_rows == 20, rows\nassert rows[0]['messages'][1]['role'] == 'assistant'\n"
    offline = {**environment, "HF_HUB_OFFLINE": "1", "HF_HOME": str(folder / "hub")}
    subprocess.run([sys.executable, "-c", code], cwd=folder, env=offline, check=True, capture_output=True)


@pytest.mark.parametrize("script", ["scripts/quickstart", "scripts/test", "scripts/check", ".ci/run"])
def test_scripts_can_be_run(script: str) -> None:
    """They are there, executable, and POSIX sh accepts them."""
    assert os.access(ROOT / script, os.X_OK)
    subprocess.run(["sh", "-n", ROOT / script], check=True)


def test_architecture_names_every_file() -> None:
    """A new file is a new line there; a line without a file is a lie."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^ *([\w./-]+\.\w+|[\w-]+/) ", text, re.MULTILINE)) | set(re.findall(r"`([^`]+)`", text))
    files = {path.name for path in (ROOT / "magicoder_gen").rglob("*.py") if path.name != "__init__.py"}
    assert files <= named, f"not in ARCHITECTURE.md: {sorted(files - named)}"
    python = {name for name in named if name.endswith(".py")}
    assert python <= files | {"__init__.py"}, f"only in ARCHITECTURE.md: {sorted(python - files)}"


def test_links_in_the_docs_lead_somewhere() -> None:
    """Relative links of every page."""
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    for page in pages:
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def _corpora_of_the_page(folder: Path) -> None:
    """Write everything that the configurations of docs/corpora.md name."""
    texts = {"python": "import os, sys\nprint({}, os.name)\n", "rust": "fn main() {{ run({}, other) }}\n"}
    rows = [
        {"content": text.format(number), "lang": language, "repo_name": f"a/{number}", "path": f"{number}.x"}
        for language, text in texts.items()
        for number in range(30)
    ]
    for language, ending in (("python", "py"), ("rust", "rs")):
        mine = [row for row in rows if row["lang"] == language]
        (folder / "tables" / language).mkdir(parents=True)
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(mine), folder / "tables" / language / "0.parquet")
        for row in mine:
            path = folder / "repos" / language / row["path"].replace("x", ending)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(row["content"])
    (folder / "mixed").mkdir()
    (folder / "mixed" / "0.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    hub = [{**row, "max_stars_repo_name": row["repo_name"], "max_stars_repo_path": row["path"]} for row in rows[:30]]
    (folder / "hub" / "python").mkdir(parents=True)
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(hub), folder / "hub" / "python" / "0.parquet")
    shutil.copytree(folder / "repos", folder / "project")
    for words in ("init", "add .", "-c user.name=n -c user.email=n@example.com commit -m all"):
        subprocess.run(["git", *words.split()], cwd=folder / "project", check=True, capture_output=True)


def test_every_configuration_of_the_corpora_page_gives_its_seeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With `--dry-run` and without, exactly as many as it asks for; the hub is a loopback server."""
    _corpora_of_the_page(tmp_path)
    page = (ROOT / "docs" / "corpora.md").read_text(encoding="utf-8")
    configs = re.findall(r"^```yaml\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    assert all(f"type: {kind}" in "".join(configs) for kind in ("local", "git", "tables", "hub"))
    monkeypatch.setenv("HF_TOKEN_PATH", str(tmp_path / "none"))
    with hub_server.serving(tmp_path / "hub") as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        for number, config in enumerate(configs):
            (tmp_path / f"c{number}.yaml").write_text(config.replace("bigcode/starcoderdata", "owner/name"))
            dry = command.run("sample", f"c{number}.yaml", "--dry-run", cwd=tmp_path)
            assert dry.returncode == 0, f"{config}: {dry.stderr}"
            done = command.run("sample", f"c{number}.yaml", cwd=tmp_path)
            assert done.returncode == 0, f"{config}: {done.stderr}"
            wanted = sum(map(int, re.findall(r"(?:num|python|rust): (\d+)", config)))
            assert len(command.lines(tmp_path / "runs" / f"c{number}" / "seeds")) == wanted, config


def test_the_reference_lists_every_language_and_every_field_of_a_seed() -> None:
    """By the names that the program knows."""
    page = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    for language in languages.EXTENSIONS:
        (row,) = [line for line in page.split("\n") if line.startswith(f"| `{language}` |")]
        assert all(f"`{alias}`" in row for alias in languages.aliases(language))
    for name in [*Seed.__struct_fields__, *(f"origin.{field}" for field in Origin.__struct_fields__)]:
        assert name == "origin" or f"| `{name}` |" in page.partition("## The seed record")[2]
