"""Measure the generate stage against bare aiohttp, AsyncOpenAI and curator, on a loopback teacher that misbehaves.

    python scripts/bench/generate.py [--scenarios speed,faults] [--clients aiohttp,ours] [--curator PYTHON] [--json]

Scenarios: speed, flat (memory at --rows and at --many), faults (5 % 429, 2 % 500, 1 % resets), rate and rate_blind (a
hard 6 000 per minute, with and without x-ratelimit headers), broken (2 % cut JSON, 2 % `length`), kill (SIGKILL at
half, again), sigint (SIGINT at half, again), resume (--answers on disk already). Every client is a fresh process,
repetitions of `speed` take turns, medians count. CPU seconds are those of the client's whole process tree, memory is
the largest sum of its resident sets, seen every 50 ms (so Linux only); rates are what the teacher saw, from the first
request to the last answer. A run that takes longer than --cut seconds is ended. Exit code 1 if an answer of ours was
lost, given twice, or given to another prompt.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import processes
from workload import HERE, ROOT, Bench, obtained

CLIENTS = ("aiohttp", "openai_aiohttp", "openai", "curator", "ours")
FAULTS = {
    "speed": {},
    "faults": {"too_many": 0.05, "error": 0.02, "reset": 0.01},
    "rate": {"rpm": 6000, "burst": 100},
    "rate_blind": {"rpm": 6000, "burst": 100, "headers": False},
    "broken": {"truncated": 0.02, "length": 0.02},
}
ALONE = ("flat", "kill", "sigint", "resume")
MB = 1_000_000


def measure(
    bench: Bench, command: list[str], out: Path, *, at_half: Callable[[int], None] | None = None
) -> dict[str, Any]:
    """Run one client; return seconds, megabytes, the teacher's counts and what the client has.

    `at_half` gets the process id once half the rows are answered.
    """
    used, began = processes.reaped(), time.time()
    log = bench.scratch / "client.log"
    with log.open("wb") as file:
        process = subprocess.Popen(  # noqa: S603  # a client of this benchmark
            command,
            env=bench.environment(),
            cwd=bench.scratch,
            stdout=subprocess.DEVNULL,
            stderr=file,
            start_new_session=True,
        )
        cpu, memory, noted = _watched(process, bench, at_half)
    counts = bench.counts()
    return {
        **counts,
        **obtained(out),
        "exit": process.returncode,
        "wall_s": time.time() - began,
        "start_s": max((counts["first"] or began) - began, 0.0),
        "cpu_s": max(cpu, processes.reaped() - used),
        "memory_mb": memory / MB,
        "req_s": counts["answered"] / counts["span"] if counts["span"] else 0.0,
        "load": os.getloadavg()[0],
        **noted,
        "log": log.read_text(errors="replace")[-400:] if process.returncode else "",
    }


def _watched(
    process: "subprocess.Popen[bytes]", bench: Bench, at_half: Callable[[int], None] | None
) -> tuple[float, float, dict[str, Any]]:
    """Wait for the process; return CPU seconds and the largest memory in bytes of its session, and what was noted."""
    cpu: dict[int, float] = {}
    peak, noted, began = 0, {}, time.monotonic()
    while process.poll() is None:
        members = list(processes.session(process.pid))
        cpu.update((member, seconds) for member, seconds, _ in members)
        peak = max(peak, sum(memory for *_, memory in members))
        counts = bench.counts() if at_half and "at" not in noted else {"answered": 0}
        if at_half and counts["answered"] >= bench.arguments.rows // 2:
            noted.update(at=time.time(), before=counts)
            at_half(process.pid)
        if time.monotonic() - began > bench.arguments.cut:
            processes.kill(process.pid)
            noted["cut"] = True
        time.sleep(0.02 if at_half else 0.05)
    if "at" in noted:
        noted["ended_after_s"] = time.time() - noted["at"]
    return sum(cpu.values()), peak, noted


def compare(bench: Bench, scenario: str) -> list[dict[str, Any]]:
    """Run every client through one set of faults; `speed` as often as asked, in turns."""
    arguments = bench.arguments
    times = arguments.repetitions if scenario == "speed" else 1
    names = [name for name in arguments.clients if name != "curator" or _has_curator(arguments)]
    return [_once(bench, scenario, name, arguments.rows) for _ in range(times) for name in names]


def _has_curator(arguments: argparse.Namespace) -> bool:
    if arguments.curator:
        return True
    sys.stderr.write("curator is left out: --curator PYTHON names the interpreter that has bespokelabs-curator\n")
    return False


def _once(bench: Bench, scenario: str, client: str, rows: int) -> dict[str, Any]:
    out = bench.scratch / f"out-{client}"
    _clear(out)
    command = bench.command(client, rows, out)
    bench.behave(**FAULTS.get(scenario, {}))
    return {"scenario": scenario, "client": client, "asked": rows, **measure(bench, command, out)}


def _clear(out: Path) -> None:
    for path in (out, out.with_suffix(".cache")):
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def flat(bench: Bench) -> list[dict[str, Any]]:
    """Compare the memory of few and many rows."""
    sizes = (bench.arguments.rows, bench.arguments.many)
    return [_once(bench, "flat", name, rows) for rows in sizes for name in bench.arguments.clients if name in _FLAT]


_FLAT = ("aiohttp", "ours")


def stopped(bench: Bench, scenario: str) -> list[dict[str, Any]]:
    """Stop our client at half, by SIGKILL or SIGINT, and run the same command again."""
    out, rows = bench.scratch / "out-ours", bench.arguments.rows
    _clear(out)
    command = bench.command("ours", rows, out)
    bench.behave()
    signalled = {"kill": processes.kill, "sigint": processes.interrupt}[scenario]
    first = measure(bench, command, out, at_half=signalled)
    again = measure(bench, command, out)
    runs = [("first", first), ("again", again)]
    return [{"scenario": scenario, "client": f"ours, {name}", "asked": rows, **run} for name, run in runs]


def resume(bench: Bench) -> list[dict[str, Any]]:
    """Measure the start of a run that has --answers on disk and one prompt per worker left."""
    answers = bench.arguments.answers
    rows = answers + bench.arguments.concurrency
    folder, out = bench.project(rows), bench.scratch / "out-ours"
    done = folder / "answered"
    if not (done / "ready").exists():
        _clear(done)
        command = [*bench.command("ours", rows, done), "--set", f"generate.limits.max_requests={answers}"]
        bench.behave(latency=0)
        subprocess.run(command, env=bench.environment(), check=False, stdout=subprocess.DEVNULL, timeout=1200)  # noqa: S603
        (done / "ready").touch()
    _clear(out)
    shutil.copytree(done, out)
    bench.behave()
    return [
        {"scenario": "resume", "client": "ours", "asked": rows, **measure(bench, bench.command("ours", rows, out), out)}
    ]


def main() -> int:
    """Measure, print, and say whether nothing was lost."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="mgbench") as folder, _serving(arguments) as url:
        bench = Bench(url, arguments, Path(arguments.scratch or folder))
        bench.scratch.mkdir(parents=True, exist_ok=True)
        runs = []
        for scenario in arguments.scenarios:
            runs += _run(bench, scenario)
            if not arguments.json:
                sys.stdout.write(_table([run for run in runs if run["scenario"] == scenario]) + "\n")
                sys.stdout.flush()
    if arguments.json:
        sys.stdout.write(json.dumps(runs) + "\n")
    ours = [run for run in runs if run["client"].startswith("ours")]
    lost = any(run["exit"] == 0 and _derived(run)["lost"] for run in ours)  # who was stopped has not finished
    return int(lost or any(run["twice"] or run.get("mixed_up") for run in ours))


def _run(bench: Bench, scenario: str) -> list[dict[str, Any]]:
    if scenario in FAULTS:
        return compare(bench, scenario)
    return (
        {"flat": flat, "resume": resume}[scenario](bench)
        if scenario in {"flat", "resume"}
        else stopped(bench, scenario)
    )


@contextmanager
def _serving(arguments: argparse.Namespace) -> Iterator[str]:
    """Start the teacher; yield its URL."""
    command = [sys.executable, str(HERE / "teacher.py")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=arguments.root) as process:  # noqa: S603
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def _arguments() -> argparse.Namespace:
    def names(allowed: tuple[str, ...]) -> Callable[[str], list[str]]:
        return lambda given: [name for name in given.split(",") if name in allowed or _unknown(name, allowed)]

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    every = (*FAULTS, *ALONE)
    parser.add_argument("--scenarios", type=names(every), default=list(every), help=", ".join(every))
    parser.add_argument("--clients", type=names(CLIENTS), default=list(CLIENTS), help=", ".join(CLIENTS))
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--many", type=int, default=10_000, help="rows of `flat`")
    parser.add_argument("--answers", type=int, default=100_000, help="answers on disk in `resume`")
    parser.add_argument("--concurrency", type=int, default=256)
    parser.add_argument("--latency", type=float, default=0.2, help="seconds")
    parser.add_argument("--repetitions", type=int, default=3, help="of `speed`")
    parser.add_argument("--cut", type=float, default=150.0, help="seconds after which a run is ended")
    parser.add_argument("--curator", help="the Python that has bespokelabs-curator; without it, curator is left out")
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout whose magicoder_gen is measured")
    parser.add_argument("--scratch", help="folder for what is written meanwhile; kept, and used again")
    parser.add_argument("--json", action="store_true", help="print one JSON object a run")
    return parser.parse_args()


def _unknown(name: str, allowed: tuple[str, ...]) -> bool:
    raise argparse.ArgumentTypeError(f"{name!r}: choose among {', '.join(allowed)}")


COLUMNS = (
    ("rows", "rows", "d"),
    ("length", "length", "d"),
    ("requests", "requests", "d"),
    ("429s", "too_many", "d"),
    ("re-paid", "repaid", "d"),
    ("lost", "lost", "d"),
    ("twice", "twice", "d"),
    ("flying", "most_in_flight", "d"),
    ("sockets", "connections", "d"),
    ("span s", "span", ".2f"),
    ("req/s", "req_s", ".0f"),
    ("of bare", "ratio", ".2f"),
    ("start s", "start_s", ".2f"),
    ("wall s", "wall_s", ".2f"),
    ("CPU/1000", "cpu_s_1000", ".2f"),
    ("RSS MB", "memory_mb", ".0f"),
    ("teacher", "cpu_s_per_1000", ".3f"),
    ("load", "load", ".1f"),
    ("exit", "exit", "d"),
)


def _table(runs: list[dict[str, Any]]) -> str:
    """Return medians as lines of equal columns, and a sentence about each run that was stopped."""
    rows = [_derived(run) for run in runs]
    labels = dict.fromkeys((run["client"], run["asked"]) for run in rows)
    lines = [f"{runs[0]['scenario']:24}" + "".join(f"{title:>9}" for title, *_ in COLUMNS)]
    bare = 0.0
    for client, asked in labels:
        same = [run for run in rows if (run["client"], run["asked"]) == (client, asked)]
        row = {key: statistics.median(run.get(key, 0) for run in same) for _, key, _ in COLUMNS if key != "ratio"}
        bare = row["req_s"] if client == "aiohttp" else bare
        row["ratio"] = row["req_s"] / bare if bare else 0.0
        cells = (format(int(row[key]) if kind == "d" else row[key], f">9{kind}") for _, key, kind in COLUMNS)
        lines.append(f"{client + ' ' + str(asked):24}" + "".join(cells))
    return "\n".join([*lines, *(said for run in runs for said in _remarks(run))]) + "\n"


def _derived(run: dict[str, Any]) -> dict[str, Any]:
    lost = max(run["rows_answered"] - run["rows"], 0)
    sums = {"too_many": run["429"], "cpu_s_1000": run["cpu_s"] / run["asked"] * 1000, "lost": lost}
    return {**run, **sums}


def _remarks(run: dict[str, Any]) -> Iterator[str]:
    if "before" in run:
        before = run["before"]
        answered, flying = before["answered"], before["in_flight"]
        yield f"  stopped with {answered} answered, {flying} in flight; ended after {run['ended_after_s']:.2f} s"
    if run.get("cut"):
        yield f"  {run['client']}: cut off"
    if run.get("mixed_up"):
        yield f"  {run['client']}: {run['mixed_up']} answers went to another prompt"
    if run["log"] and "before" not in run:
        yield f"  {run['client']} said: {run['log'].strip()[-300:]}"


if __name__ == "__main__":
    sys.exit(main())
