"""Executors: complete, in order, lazy, and nothing is left behind."""

import inspect
import pickle
from collections.abc import Iterator

import jobs
import pytest
from programs import workers

from magicoder_gen import errors
from magicoder_gen.errors import CorruptData, Interrupted, MagicoderError
from magicoder_gen.executors import AnyExecutor, Processes, Serial

TWO = Processes(workers=2)
both = pytest.mark.parametrize("executor", [Serial(), Processes(workers=1), TWO], ids=["serial", "one", "two"])


@both
def test_results_come_in_order(executor: AnyExecutor) -> None:
    """One result per task, in the order of the tasks, also for none."""
    assert list(executor.map(jobs.square, range(50))) == [n * n for n in range(50)]
    assert list(executor.map(jobs.square, [])) == []
    assert not workers()


def test_tasks_and_results_may_be_large() -> None:
    """Larger than a pipe's buffer on both ways at once."""
    tasks = [bytes([n]) * 1_000_000 for n in range(12)]
    assert list(TWO.map(bytes.hex, tasks)) == [task.hex() for task in tasks]


@both
def test_tasks_are_taken_a_few_ahead(executor: AnyExecutor) -> None:
    """Never more than twice as many as there are workers, so that tasks may depend on results."""
    seen = 0

    def tasks() -> Iterator[int]:
        for n in range(40):
            assert n - seen <= 4
            yield n

    for result in executor.map(jobs.square, tasks()):
        assert result == seen * seen
        seen += 1
    assert seen == 40


@both
def test_an_exception_comes_out_in_its_place(executor: AnyExecutor) -> None:
    """Results before it come first, and it is the one that was raised."""
    results = executor.map(jobs.fail, range(9))
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(CorruptData, match=r"^three is damaged$"):
        next(results)
    assert not workers()


def test_what_cannot_be_sent_is_told_all_the_same() -> None:
    """An exception that cannot be unpickled, and a result that cannot be pickled, say so."""
    with pytest.raises(RuntimeError, match="Awkward: 5 and 5"):
        list(TWO.map(jobs.fail, [5, 6]))
    with pytest.raises((AttributeError, pickle.PicklingError), match="lambda"):
        list(TWO.map(jobs.unpicklable, [1, 2]))


@both
def test_an_exception_of_the_tasks_comes_behind_their_results(executor: AnyExecutor) -> None:
    """A corpus that ends in an error has given what came before."""

    def tasks() -> Iterator[int]:
        yield from range(3)
        raise CorruptData("no more")

    results = executor.map(jobs.square, tasks())
    assert [next(results) for _ in range(3)] == [0, 1, 4]
    with pytest.raises(CorruptData, match="no more"):
        next(results)


def test_every_error_survives_the_way_between_processes() -> None:
    """Type, message and exit code."""
    kinds = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, MagicoderError)]
    for error in [Interrupted(2), Interrupted(15), *(kind("a line") for kind in kinds if kind is not Interrupted)]:
        copy = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own
        assert (type(copy), str(copy), copy.exit_code) == (type(error), str(error), error.exit_code)
