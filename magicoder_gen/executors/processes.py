"""The work shared by processes of this machine."""

from collections.abc import Callable, Generator, Iterable

from magicoder_gen.executors import cores, order
from magicoder_gen.executors.serial import Serial
from magicoder_gen.records import Block, Positive, Result, Task


class Processes(Block, frozen=True):
    """`workers` processes of this machine share the work; null = as many as there are cores this process may use.

    Cores count only as far as CPU affinity and the control group's quota (containers) allow. A worker that is killed
    is replaced and its task done again; the third time, the run ends with exit code 75. More workers need more
    memory. The results do not depend on their number.
    """

    workers: Positive | None = None

    def map(self, function: Callable[[Task], Result], tasks: Iterable[Task]) -> Generator[Result, None, None]:
        """Yield function(task) for each task, in order; 2 x workers tasks are taken ahead.

        What `function` raises comes out in its place. No process is started for a single task. Raises TryLater if a
        task loses its worker again and again.
        """
        from magicoder_gen.executors import pool, worker

        workers = self.workers or cores.usable()
        if workers == 1 or worker.is_one():
            yield from Serial().map(function, tasks)
            return
        processes = pool.Pool(function, workers)
        try:
            yield from order.results(processes.submit, tasks, ahead=2 * workers)
        finally:
            processes.close()
