"""What the stage and a teacher know of each other."""

from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import ClassVar, Protocol

from magicoder_gen.generate.prices import Price
from magicoder_gen.records import Failure, Prompt, Reply, Sampling

Outcome = Reply | Failure


class Desk(Protocol):
    """Where a teacher gets its prompts.

    Each that is taken must have exactly one outcome; or the teacher raises TryLater, remembers it in `folder`, and
    resumes it in a later command.
    """

    @property
    def folder(self) -> Path:
        """Where a teacher may keep what it has to remember from one command to the next."""
        ...

    async def more(self) -> bool:
        """Return True when a prompt may be taken, which may need answers first; False when there will be no more."""
        ...

    async def take(self) -> Prompt | None:
        """Return the next prompt, its intent durable; None if there is none at this moment."""
        ...

    async def again(self, prompt: Prompt) -> bool:
        """Whether a prompt may be sent once more although the request before may have been paid; notes the intent."""
        ...

    def resume(self, prompt_id: str) -> bool:
        """Take a prompt of an earlier command for under way again; False if it has its outcome already."""
        ...

    def asks(self, prompt_id: str) -> bool:
        """Whether that is a prompt of the run as it is configured now."""
        ...

    def knows(self, prompt_id: str) -> bool:
        """Whether that prompt was sent, in this command or an earlier one."""
        ...

    def pass_over(self, held: Callable[[str], bool]) -> None:
        """Offer no prompt of which `held` says that its outcome is still to come."""
        ...

    async def flush(self) -> None:
        """Return when every outcome that was yielded so far is durable."""
        ...

    @property
    def is_closing(self) -> bool:
        """Whether nothing should be tried again: what is under way ends, the rest waits for another command."""
        ...


class Teacher(Protocol):
    """A language model that answers prompts.

    `delivery` names the options that cannot change an answer. `worked_example` and `constrained` say what help of
    the recipe the model needs.
    """

    delivery: ClassVar[frozenset[str]]

    @property
    def worked_example(self) -> bool:
        """Whether one question with its answer is shown first."""
        ...

    @property
    def constrained(self) -> bool:
        """Whether the recipe's grammar is sent."""
        ...

    def check(self) -> None:
        """Raise what can be known to be missing before anything is done."""
        ...

    def sampling(self) -> Sampling:
        """Return the model and parameters that prompts carry; may fetch a local model first."""
        ...

    def known_price(self) -> Price | None:
        """Return what tokens cost, None if that is unknown."""
        ...

    def answer(self, desk: Desk) -> AsyncGenerator[Outcome, None]:
        """Yield exactly one outcome per prompt taken or resumed, in any order, as each becomes known."""
        ...
