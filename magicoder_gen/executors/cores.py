"""How many cores this process may use."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def usable(root: Path = Path("/")) -> int:
    """Return how many cores this process may use: affinity and control group quota (rounded up), at least 1."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min([allowed, *_quotas(root)]))


def _quotas(root: Path) -> Iterator[int]:
    """Yield the limit of each control group that this process is in, v2 and v1, from its own to the outermost."""
    mounted = root / "sys" / "fs" / "cgroup"
    for line in _text(root / "proc" / "self" / "cgroup").split("\n"):
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        top = mounted / "cpu" if controllers else mounted
        if not controllers or "cpu" in controllers.split(","):
            folder = top / path.lstrip("/")
            for group in (folder, *folder.parents):
                if group.is_relative_to(top):
                    yield from _quota(group)


def _quota(group: Path) -> Iterator[int]:
    """Yield the group's limit in cores, if it has one."""
    files = ("cpu.max",) if (group / "cpu.max").exists() else ("cpu.cfs_quota_us", "cpu.cfs_period_us")
    numbers = " ".join(_text(group / name) for name in files).split()
    with suppress(ValueError):  # "max 100000", or no such file
        quota, period = map(int, numbers)
        if quota > 0 and period > 0:
            yield -(-quota // period)


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
