"""The section `generate` of the configuration."""

from typing import Annotated, Any

import msgspec

from magicoder_gen.errors import ConfigError, PoorYield
from magicoder_gen.generate import recipes
from magicoder_gen.generate.limits import Limits
from magicoder_gen.generate.plan import NOT_NEEDED, SAME_PROMPT
from magicoder_gen.generate.prices import FREE, bound
from magicoder_gen.generate.protocols import Teacher
from magicoder_gen.generate.recipes import RecipeName
from magicoder_gen.generate.teachers.batch import Batch
from magicoder_gen.generate.teachers.chat import Chat
from magicoder_gen.generate.teachers.local import Local
from magicoder_gen.generate.teachers.scripted import Scripted
from magicoder_gen.records import Counts, Options, Positive, Sampling
from magicoder_gen.storage import optouts
from magicoder_gen.storage.rundir import RunDir, as_json


class GenerateOptions(Options, frozen=True):
    """The section `generate`. Over `max_failed` (share of the prompts) the exit code is 3.

    `answers_per_seed` answers are asked of each seed, every one a request and a record of its own. Answers that
    were cut off at their last token are asked for once more with `redo_truncated` tokens (null: not); the longer
    answer takes the place of the short one.
    """

    recipe: RecipeName = RecipeName("oss_instruct")
    teacher: Chat | Batch | Local | Scripted = Chat()
    answers_per_seed: Positive = 1
    redo_truncated: Positive | None = None
    limits: Limits = Limits()
    max_failed: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.1

    def __post_init__(self) -> None:
        """Refuse what would pay for the same answer more than once, or for a shorter one."""
        sent = as_json(self.teacher)
        if self.answers_per_seed > 1 and sent.get("temperature") == 0 and sent.get("seed") is None:
            raise ValueError(
                "answers_per_seed over 1 at temperature 0 pays for the same answer again; "
                "set teacher.temperature above 0, or a teacher.seed, which then differs from answer to answer"
            )
        if self.redo_truncated is not None and self.redo_truncated <= (sent.get("max_tokens") or 0):
            raise ValueError(f"redo_truncated must be more than teacher.max_tokens, which is {sent['max_tokens']}")

    def prompt_inputs(self, run: RunDir) -> dict[str, Any]:
        """Return what decides the prompts: the seeds, the texts of the recipe, the model and its parameters."""
        return {
            "seeds": [part.sha256 for part in run.require("sample").parts["seeds"]],
            **self.wording(),
            "answers_per_seed": self.answers_per_seed,
        }

    def wording(self) -> dict[str, Any]:
        """Return what decides the prompts but the seeds: the texts of the recipe, the model and its parameters."""
        delivery = self.teacher.delivery
        return {
            "recipe": recipes.content(self.recipe),
            "teacher": {key: value for key, value in as_json(self.teacher).items() if key not in delivery},
        }

    def inputs(self, run: RunDir) -> dict[str, Any]:
        """Return what decides which answers there are."""
        wanted = {"redo_truncated": self.redo_truncated, "target_accepted": self.limits.target_accepted}
        return self.prompt_inputs(run) | {key: value for key, value in wanted.items() if value is not None}

    def asker(self, sampling: Sampling) -> recipes.Ask:
        """Return what makes prompts of seeds, to be answered as `sampling` says."""
        teacher: Teacher = self.teacher
        return recipes.asker(
            self.recipe, sampling, worked_example=teacher.worked_example, constrained=teacher.constrained
        )

    def check(self) -> None:
        """Raise what can be known before anything is done: a recipe that is none, no key, no model file."""
        teacher: Teacher = self.teacher
        self.asker(Sampling("any"))
        self.require_price()
        teacher.check()

    def require_price(self) -> None:
        """Raise ConfigError if `limits.max_cost` is set and nobody knows what a request can cost at most."""
        teacher: Teacher = self.teacher
        price = teacher.known_price()
        if self.limits.max_cost is None or price == FREE:
            return
        if price is None or price.input is None or price.output is None or bound(teacher.sampling()) is None:
            raise ConfigError(
                "generate.limits.max_cost cannot be kept: the cost of a request is not bounded; "
                "set generate.teacher.price (input and output) and generate.teacher.max_tokens"
            )

    def require_yield(self, counts: Counts) -> None:
        """Raise PoorYield if too many prompts, or all, got no answer, or a target was missed."""
        missing = sum(counts.reasons.get(reason, 0) for reason in (SAME_PROMPT, NOT_NEEDED, optouts.REASON))
        failed = counts.taken - counts.kept - missing
        if counts.kept and failed <= self.max_failed * counts.taken:
            return
        kinds = ", ".join(f"{kind} {count}" for kind, count in counts.reasons.items())
        raise PoorYield(
            f"generate: {failed} of {counts.taken} prompts got no answer ({kinds}), "
            f"generate.max_failed allows {self.max_failed:.0%}; the same command asks again where that can help"
        )
