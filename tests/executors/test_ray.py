"""The Ray executor gives what the serial one gives. Needs the extra `ray`; sockets are Ray's, on this machine."""

import importlib.util
import multiprocessing
from collections.abc import Iterator
from pathlib import Path

import jobs
import pytest

from magicoder_gen.errors import ConfigError, CorruptData, TryLater
from magicoder_gen.executors import Ray, Serial

needs_ray = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="the extra ray is not installed")
pytestmark = [pytest.mark.enable_socket, pytest.mark.filterwarnings("default")]  # Ray's own threads leave sockets open


@pytest.fixture(scope="module")
def local_ray() -> Iterator[Ray]:
    """A Ray that several tests join, since starting takes seconds."""
    ray = pytest.importorskip("ray")
    ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    yield Ray()
    assert ray.is_initialized()
    ray.shutdown()


@pytest.mark.skipif(importlib.util.find_spec("ray") is not None, reason="the extra ray is installed")
def test_without_ray_the_extra_is_named() -> None:
    """One line says what to install."""
    with pytest.raises(ConfigError, match=r'executor\.type: ray needs .* pip install "magicoder-gen\[ray\]"'):
        list(Ray().map(jobs.square, [1]))


@needs_ray
def test_ray_that_was_started_is_ended() -> None:
    """And its results are those of the serial executor, to the byte."""
    import ray

    tasks = [bytes([n]) * 100_000 for n in range(30)]
    assert list(Ray(workers=2).map(bytes.hex, tasks)) == list(Serial().map(bytes.hex, tasks))
    assert not ray.is_initialized()
    assert not multiprocessing.active_children()


@needs_ray
def test_a_cluster_that_is_not_there_is_named() -> None:
    """One line says so."""
    with pytest.raises(ConfigError, match=r"executor\.address: no Ray cluster at 'auto'"):
        list(Ray(address="auto").map(jobs.square, [1]))


def test_a_killed_worker_of_ray_changes_nothing(local_ray: Ray, tmp_path: Path) -> None:
    """Its task is done again, three times at most."""
    killed = jobs.Killed(tmp_path / "marker", times=2)
    tasks: list[int | jobs.Killed] = [0, killed, 2, 3]
    assert list(local_ray.map(jobs.suffer, tasks)) == [0, -1, 2, 3]
    hopeless = jobs.Killed(tmp_path / "other", times=99)
    with pytest.raises(TryLater, match=r"killed 4 times .* memory; set executor\.workers lower"):
        list(local_ray.map(jobs.suffer, [hopeless]))


def test_an_exception_in_ray_comes_out_in_its_place(local_ray: Ray) -> None:
    """Unwrapped."""
    results = local_ray.map(jobs.fail, range(9))
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(CorruptData, match=r"^three is damaged$"):
        next(results)


def test_ray_takes_tasks_a_few_ahead(local_ray: Ray) -> None:
    """Twice as many as it has cores."""
    seen = 0

    def tasks() -> Iterator[int]:
        for n in range(30):
            assert n - seen <= 4
            yield n

    for result in local_ray.map(jobs.square, tasks()):
        assert result == seen * seen
        seen += 1
    assert seen == 30
