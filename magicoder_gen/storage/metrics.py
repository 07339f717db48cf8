"""metrics.prom: how a run stands, for Prometheus; made to be collected by node_exporter as a text file.

Every series carries the run's name, so the files of several runs can lie in one folder. What is not known has no
series: an unknown cost is not 0. What one command says stays until another knows better: the costs while rows are
cleaned, the last success while a later command fails.
"""

import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from magicoder_gen.errors import writing
from magicoder_gen.records import Record, Traffic
from magicoder_gen.storage.rundir import RunDir, StageEntry, Status

NAME = "metrics.prom"
_PREFIX = "magicoder_gen"
_BLOCK = re.compile(rf"# HELP {_PREFIX}_(\w+) .*\n# TYPE .*\n(?:{_PREFIX}_.*\n)+")
_RUN = re.compile(r'(?<=\{)run="(?:[^"\\]|\\.)*"')

Labels = dict[str, str]
Blocks = dict[str, str]  # the text of each metric, by its name


class Moment(Record, frozen=True):
    """What is known now: the heartbeat of a stage, the traffic, the exit code; None where it stays as it was."""

    stage: Status | None = None
    traffic: Traffic | None = None
    exit_code: int | None = None


class _Metric(Record, frozen=True):
    """One metric: its name without prefix, its type, what it says, and its values by label."""

    name: str
    kind: Literal["counter", "gauge"]
    text: str
    values: list[tuple[Labels, float]]


def write(run: RunDir, moment: Moment) -> None:
    """Bring the file up to date; raise DiskError. It is renamed into place, and not synced."""
    path = run.root / NAME
    blocks = _blocks(path, run.root) | render(run.root, run.stages(), moment, now=time.time())
    temporary = path.with_name(f".{NAME}.tmp")
    with writing(path):
        temporary.write_text("".join(blocks.values()), encoding="utf-8", newline="\n")
        temporary.replace(path)


def render(root: Path, stages: Mapping[str, StageEntry], moment: Moment, *, now: float) -> Blocks:
    """Return the text of every metric that is known; of one that was and is not any more, nothing."""
    metrics = [*_of_stages(stages), *_of_traffic(moment.traffic), *_of_moment(moment, now=now)]
    run = _run_label(root)
    return {metric.name: "".join(_lines(metric, run)) if metric.values else "" for metric in metrics}


def _of_stages(stages: Mapping[str, StageEntry]) -> Iterator[_Metric]:
    """Yield what the manifest knows."""
    counts = {name: entry.counts for name, entry in stages.items() if entry.counts}
    yield _Metric(
        "stage_complete",
        "gauge",
        "Whether the stage came to its end.",
        [({"stage": name}, entry.state == "complete") for name, entry in stages.items()],
    )
    yield _Metric(
        "stage_seconds",
        "gauge",
        "Wall time of the stage over all commands.",
        [({"stage": name}, entry.seconds) for name, entry in stages.items()],
    )
    yield _Metric(
        "stage_records_in",
        "gauge",
        "Records that went into the stage.",
        [({"stage": name}, found.taken) for name, found in counts.items()],
    )
    yield _Metric(
        "stage_records_out",
        "gauge",
        "Records that came out of the stage.",
        [({"stage": name}, found.kept) for name, found in counts.items()],
    )
    yield _Metric(
        "stage_records_dropped",
        "gauge",
        "Records that did not come out of the stage, by reason.",
        [
            ({"stage": name, "reason": reason}, count)
            for name, found in counts.items()
            for reason, count in found.reasons.items()
        ],
    )


def _of_traffic(traffic: Traffic | None) -> Iterator[_Metric]:
    """Yield what went to the teacher and came back, over all commands of the run."""
    if traffic is None:
        return
    yield _Metric(
        "requests_total",
        "counter",
        "Requests in the journal, repeated ones too; after 429 or 5xx not counted again.",
        [({}, traffic.requests)],
    )
    yield _Metric("replies_total", "counter", "Answers in the journal.", [({}, traffic.replies)])
    failed: list[tuple[Labels, float]] = [({"kind": kind}, count) for kind, count in traffic.failed.items()]
    yield _Metric("failed_prompts", "gauge", "Prompts that failed and have no answer by now, by kind.", failed)
    yield _Metric(
        "uncertain_requests", "gauge", "Requests without an outcome, those under way too.", [({}, traffic.uncertain)]
    )
    yield _Metric(
        "tokens_total",
        "counter",
        "Tokens billed.",
        [({"direction": "input"}, traffic.input_tokens), ({"direction": "output"}, traffic.output_tokens)],
    )
    yield _Metric("cost_usd_total", "counter", "What the answers cost in USD.", _known(traffic.cost))
    yield _Metric(
        "uncertain_cost_usd",
        "gauge",
        "The most that requests without an outcome cost in USD.",
        _known(traffic.uncertain_cost),
    )


def _known(value: float | None) -> list[tuple[Labels, float]]:
    return [] if value is None else [({}, value)]


def _of_moment(moment: Moment, *, now: float) -> Iterator[_Metric]:
    """Yield what the heartbeat knows, and how the command ended."""
    if moment.stage:
        stage = {"stage": moment.stage.stage}
        total = moment.stage.total
        progressed = moment.stage.progressed()
        yield _Metric("done", "gauge", "Records of the stage that are done.", [(stage, moment.stage.done)])
        yield _Metric("wanted", "gauge", "Records that the stage has to do.", [(stage, total)] if total else [])
        yield _Metric(
            "in_flight",
            "gauge",
            "Prompts under way, those that wait to be sent again too.",
            [(stage, moment.stage.in_flight)],
        )
        yield _Metric("last_progress_timestamp_seconds", "gauge", "When a record was last done.", [(stage, progressed)])
    yield _Metric("heartbeat_timestamp_seconds", "gauge", "When this was written.", [({}, now)])
    if moment.exit_code == 0:
        yield _Metric("last_success_timestamp_seconds", "gauge", "When a command last ended with 0.", [({}, now)])
    if moment.exit_code is not None:
        text = "The exit code of the last command that ended."
        yield _Metric("last_exit_code", "gauge", text, [({}, moment.exit_code)])


def _lines(metric: _Metric, run: str) -> Iterator[str]:
    name = f"{_PREFIX}_{metric.name}"
    yield f"# HELP {name} {metric.text}\n"
    yield f"# TYPE {name} {metric.kind}\n"
    for labels, value in metric.values:
        shown = ",".join([run, *(f'{key}="{_escaped(text)}"' for key, text in labels.items())])
        yield f"{name}{{{shown}}} {float(value)!r}\n"


def _run_label(root: Path) -> str:
    return f'run="{_escaped(root.resolve().name)}"'


def _escaped(text: str) -> str:
    """Return a label's value as the format wants it; half characters of odd file names become U+FFFD."""
    whole = text.encode("utf-8", "replace").decode()
    return whole.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _blocks(path: Path, root: Path) -> Blocks:
    """Return what the file says by now, under the name that the run has now; nothing if it cannot be read."""
    try:
        text = path.read_bytes().decode()
    except (OSError, UnicodeDecodeError):
        return {}
    renamed = _RUN.sub(lambda _: _run_label(root), text)
    return {match[1]: match[0] for match in _BLOCK.finditer(renamed)}
