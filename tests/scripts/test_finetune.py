"""A tiny model is trained on an export, on the CPU: the paper's batch, loss that falls, a run that may be killed."""

import importlib
import json
import os
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from command import ROOT, wait_for
from exporting import a_run, a_sample, exported
from training import CHAT_TEMPLATE, a_model

from magicoder_gen.export.formats import Alpaca, Messages
from magicoder_gen.export.options import ExportOptions

needs_torch = pytest.mark.skipif(
    any(find_spec(name) is None for name in ("torch", "transformers", "accelerate")),
    reason="the extra train is not installed",
)
pytestmark = [pytest.mark.training, pytest.mark.filterwarnings("default")]
SCRIPTS = Path(ROOT) / "scripts"
SWIFT = ("--learning-rate", "0.01", "--warmup-steps", "2")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model and its tokenizer."""
    folder = tmp_path_factory.mktemp("model")
    a_model(folder)
    return folder


def data(folder: Path, rows: int, *, options: ExportOptions | None = None) -> Path:
    """Export rows of one answer."""
    samples = [a_sample(number, repo=f"o/{number}") for number in range(rows)]
    exported(a_run(folder, samples), options or ExportOptions(formats=(Alpaca(),)))
    return folder / "data"


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the module, which is no part of a package."""
    monkeypatch.syspath_prepend(str(SCRIPTS))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return importlib.import_module("finetune")


def run(program: Any, model: Path | str, data: Path, output: Path, *arguments: object) -> Result:
    """Run the script's command."""
    words = ["--model", model, "--data", data, "--output", output, *arguments]
    return CliRunner().invoke(program.finetune, [str(word) for word in words])


def summary(output: Path) -> Any:
    """What the script says it did."""
    return json.loads((output / "finetune.json").read_text())


@needs_torch
def test_the_loss_falls_on_both_splits_and_the_model_is_there(program: Any, model: Path, tmp_path: Path) -> None:
    """The response is learnt by heart; what was done is written down; the result loads as any model does."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    rows = data(tmp_path / "run", 40, options=ExportOptions(formats=(Alpaca(),), splits={"train": 0.7, "test": 0.3}))
    done = run(program, model, rows, tmp_path / "out", "--batch", 8, "--epochs", 10, *SWIFT)
    assert done.exit_code == 0, done.output
    said = summary(tmp_path / "out")
    losses = list(said["losses"]["train"].values())
    assert losses[0] > 5
    assert losses[-1] < 1.5
    evaluated = said["losses"]["evaluation"]
    assert {entry["split"] for entry in evaluated} == {"test"}
    assert len(evaluated) == 10
    assert evaluated[0]["loss"] > evaluated[-1]["loss"]
    train = said["rows"]["train"]
    assert train["rows"] == train["learnt"] == 40 - said["rows"]["test"]["rows"]
    assert said["tokens_learnt"] == 10 * train["response_tokens"] > 10 * 5 * train["rows"]
    assert said["identity"]["format"] == "alpaca"
    assert set(said["versions"]) >= {"torch", "transformers", "python"}
    assert AutoTokenizer.from_pretrained(tmp_path / "out").chat_template == CHAT_TEMPLATE
    AutoModelForCausalLM.from_pretrained(tmp_path / "out")


@needs_torch
def test_the_papers_batch_is_accumulated(program: Any, model: Path, tmp_path: Path) -> None:
    """512 rows a step whatever is held at once: 600 rows in two epochs are two steps each, the last of 88 rows.

    The rate warms up over 15 steps; the loss of a step is the mean over its tokens, however they were divided.
    """
    rows = data(tmp_path / "run", 600)
    for micro in (32, 64):
        done = run(program, model, rows, tmp_path / f"{micro}", "--micro-batch", micro)
        assert done.exit_code == 0, done.output
    said, other = (summary(tmp_path / f"{micro}") for micro in (32, 64))
    assert (said["steps"], said["epochs"]) == (4, 2)
    assert list(said["losses"]["train"].values()) == pytest.approx(list(other["losses"]["train"].values()), rel=1e-4)
    state = json.loads((tmp_path / "32/checkpoint-4/trainer_state.json").read_text())
    rates = [entry["learning_rate"] for entry in state["log_history"] if "loss" in entry]
    assert rates == pytest.approx([5e-5 * step / 15 for step in range(4)])
    shorter = run(program, model, rows, tmp_path / "one", "--micro-batch", 64, "--max-steps", 1)
    assert (shorter.exit_code, summary(tmp_path / "one")["steps"]) == (0, 1)


@needs_torch
def test_a_killed_run_goes_on_to_the_same_model(program: Any, model: Path, tmp_path: Path) -> None:
    """The same command, after SIGKILL and a torn checkpoint, ends at the same step with the same weights.

    Run again when it has finished, it trains nothing; with another setting it is refused.
    """
    rows = data(tmp_path / "run", 64, options=ExportOptions(formats=(Messages(),)))
    settings = ("--batch", 8, "--epochs", 4, "--save-steps", 3, "--template", "chat", *SWIFT)
    assert run(program, model, rows, tmp_path / "whole", *settings).exit_code == 0
    words = ["--model", model, "--data", rows, "--output", tmp_path / "killed", *settings]
    process = subprocess.Popen(
        [sys.executable, SCRIPTS / "finetune.py", *map(str, words)],
        env={**os.environ, "PYTHONPATH": ROOT, "HF_HUB_OFFLINE": "1"},
        stderr=subprocess.DEVNULL,
    )
    wait_for((tmp_path / "killed/checkpoint-6/trainer_state.json").exists)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert summary(tmp_path / "killed")["state"] == "begun"
    (tmp_path / "killed/checkpoint-31").mkdir()
    (tmp_path / "killed/checkpoint-31/trainer_state.json").write_text('{"epo')
    done = run(program, model, rows, tmp_path / "killed", *settings)
    assert done.exit_code == 0, done.output
    whole, killed = summary(tmp_path / "whole"), summary(tmp_path / "killed")
    assert (killed["steps"], killed["losses"]) == (32, whole["losses"])
    weights = [(tmp_path / name / "model.safetensors") for name in ("whole", "killed")]
    assert weights[0].read_bytes() == weights[1].read_bytes()
    before = weights[1].stat().st_mtime_ns
    again = run(program, model, rows, tmp_path / "killed", *settings)
    assert (again.exit_code, weights[1].stat().st_mtime_ns) == (0, before)
    other = run(program, model, rows, tmp_path / "killed", *settings, "--seed", 1)
    assert other.exit_code == 78
    assert "was begun with seed 976 (now 1); name another --output" in other.output


@needs_torch
def test_two_processes_share_a_step(program: Any, model: Path, tmp_path: Path) -> None:
    """Started by torchrun, they take as many steps as one does, with the same losses, and write one model."""
    rows = data(tmp_path / "run", 28)
    settings = ("--batch", 28, "--micro-batch", 7, "--max-steps", 4, *SWIFT)
    assert run(program, model, rows, tmp_path / "one", *settings).exit_code == 0
    words = ["--model", model, "--data", rows, "--output", tmp_path / "two", *settings]
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
        + [str(word) for word in (SCRIPTS / "finetune.py", *words)],
        env={**os.environ, "PYTHONPATH": ROOT, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    one, two = (summary(tmp_path / name) for name in ("one", "two"))
    assert two["steps"] == one["steps"] == 4
    assert list(two["losses"]["train"].values()) == pytest.approx(list(one["losses"]["train"].values()), rel=1e-3)


@needs_torch
def test_mistakes_are_one_line(program: Any, model: Path, tmp_path: Path) -> None:
    """What is wrong, where, what to do; nothing is written."""
    rows = data(tmp_path / "run", 4)
    (tmp_path / "full").mkdir()
    (tmp_path / "full/thesis.txt").touch()
    for arguments, expected in (
        ((model, tmp_path / "none", tmp_path / "out"), "nothing exported; name what `magicoder-gen export` wrote"),
        ((tmp_path / "no model", rows, tmp_path / "out"), "no configuration"),
        ((model, rows, tmp_path / "full"), "not empty, and not begun by this script"),
        ((model, rows, tmp_path / "out", "--format", "messages"), "no format messages; there is alpaca"),
        ((model, rows, tmp_path / "out", "--batch", 7), "--batch 7 is no multiple of the 2 rows at once"),
        ((model, rows, tmp_path / "out", "--max-tokens", 1217), "--max-tokens 1217: the model takes 1216"),
        ((model, rows, tmp_path / "out", "--max-tokens", 20), "no row can be learnt within --max-tokens 20"),
    ):
        done = run(program, *arguments)
        assert done.exit_code == 78, done.output
        (line,) = [line for line in done.stderr.split("\n") if line.startswith("Error: ")]
        assert expected in line
        assert not (tmp_path / "out").exists(), arguments


@pytest.mark.skipif(find_spec("torch") is not None, reason="the extra train is installed")
def test_without_the_extra_it_is_named(program: Any, tmp_path: Path) -> None:
    """Instead of a traceback."""
    done = run(program, "x", data(tmp_path / "run", 1), tmp_path / "out")
    assert done.exit_code == 78
    assert "pip install 'magicoder-gen[train]'" in done.output
