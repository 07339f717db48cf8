"""The documentation is true: its commands run, its trees and tables are complete."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from loopback import serving

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
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OPENAI_API_KEY": "test-key"}
    answers = iter(range(1000))
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

    text = f"[Problem Description]\nPrint {number}.\n[Solution]\n```python\nprint({number})\n```"
    return completion(text)


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
