"""Cores are counted as far as this process may use them."""

from pathlib import Path

import pytest

from magicoder_gen.executors import cores

PLENTY = cores.usable(Path("/nonexistent"))


def a_machine(root: Path, membership: str, **files: str) -> Path:
    """A file system in which this process is in the control groups that `membership` names."""
    (root / "proc" / "self").mkdir(parents=True)
    (root / "proc" / "self" / "cgroup").write_text(membership)
    for name, text in files.items():
        path = root / "sys" / "fs" / "cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.mark.parametrize(
    ("membership", "files"),
    [
        ("0::/\n", {"cpu.max": "100000 100000\n"}),
        ("0::/\n", {"cpu.max": "50000 100000\n"}),
        ("0::/a/b\n", {"a/b/cpu.max": "max 100000\n", "a/cpu.max": "100000 100000\n"}),
        ("0::/of/the/host\n", {"cpu.max": "100000 100000\n"}),
        ("4:cpu,cpuacct:/a\n0::/\n", {"cpu/a/cpu.cfs_quota_us": "100000\n", "cpu/a/cpu.cfs_period_us": "100000\n"}),
    ],
    ids=["v2", "half a core is one", "the outer group's limit", "a container without its own view", "v1"],
)
def test_a_quota_limits_the_cores(tmp_path: Path, membership: str, files: dict[str, str]) -> None:
    """One core's worth of quota is one core, wherever it is written."""
    assert cores.usable(a_machine(tmp_path, membership, **files)) == 1


@pytest.mark.parametrize(
    ("membership", "files"),
    [
        ("0::/\n", {"cpu.max": "max 100000\n"}),
        ("0::/\n", {"cpu.max": "damaged\n"}),
        ("3:cpu:/\n", {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}),
        ("3:memory:/\n", {"cpu/cpu.cfs_quota_us": "1\n", "cpu/cpu.cfs_period_us": "1\n"}),
        ("nonsense", {}),
    ],
    ids=["v2 without limit", "unreadable", "v1 without limit", "another controller", "unknown format"],
)
def test_without_a_quota_all_allowed_cores_count(tmp_path: Path, membership: str, files: dict[str, str]) -> None:
    """No limit, or none that can be read, is none."""
    assert cores.usable(a_machine(tmp_path, membership, **files)) == PLENTY
    assert PLENTY >= 1
