"""Outcomes in the order of the tasks, which are taken lazily."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from functools import partial
from typing import Any

from magicoder_gen.records import Result, Task


def results(
    submit: Callable[[Task], Callable[[], Result]], tasks: Iterable[Task], *, ahead: int
) -> Generator[Result, None, None]:
    """Yield the outcome of each task, in order, while up to `ahead` of them are under way.

    `submit` begins a task and returns what waits for its result. What `tasks` itself raises comes behind the
    results of the tasks before.
    """
    source = iter(tasks)
    pending: deque[Callable[[], Result]] = deque()
    exhausted = False
    while True:
        while not exhausted and len(pending) < ahead:
            try:
                pending.append(submit(next(source)))
            except StopIteration:
                exhausted = True
            except Exception as error:  # noqa: BLE001  # raised again in its place
                pending.append(partial(_raise, error))
                exhausted = True
        if not pending:
            return
        yield pending.popleft()()


def _raise(error: Exception) -> Any:
    raise error
