"""All work in this process."""

from collections.abc import Callable, Generator, Iterable

from magicoder_gen.records import Block, Result, Task


class Serial(Block, frozen=True):
    """This process does all the work, one task after the other."""

    def map(self, function: Callable[[Task], Result], tasks: Iterable[Task]) -> Generator[Result, None, None]:
        """Yield function(task) for each task, in order."""
        for task in tasks:
            yield function(task)
