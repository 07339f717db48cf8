"""Questions with a yes or no, asked as seeds are: paid once, journaled, resumed, within limits.

A folder of judgements is a run of its own, whose seeds are the questions: `status` and `show` read it as any other.
"""

import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import tee
from typing import Annotated

import msgspec

from magicoder_gen.amounts import dollars, number_of
from magicoder_gen.errors import MagicoderError
from magicoder_gen.fingerprint import digest
from magicoder_gen.generate import estimate, journal, stage
from magicoder_gen.generate.index import Index
from magicoder_gen.generate.limits import Limits
from magicoder_gen.generate.options import GenerateOptions
from magicoder_gen.generate.recipes import RecipeName
from magicoder_gen.generate.teachers.batch import Batch
from magicoder_gen.generate.teachers.chat import Chat
from magicoder_gen.generate.teachers.local import Local
from magicoder_gen.generate.teachers.scripted import Scripted
from magicoder_gen.records import Counts, Options, Origin, Progress, Reply, Seed
from magicoder_gen.storage import jsonl, shards
from magicoder_gen.storage.rundir import RunDir

logger = logging.getLogger("magicoder_gen")

_KEYS = re.compile(r"^generate(?=: )|\bgenerate(?=\.(?:recipe|teacher|limits|max_failed)\b)")


class Judge(Options, frozen=True):
    """The section `judge`: a teacher that is asked yes-or-no questions about samples; null asks nobody.

    `recipe`, `teacher` and `limits` are as in the section `generate`; the limits are those of the judge alone. Over
    `max_failed` (share of the questions) without an answer the exit code is 3, and the same command asks again;
    under it, samples whose question has no answer are kept and labelled.
    """

    recipe: RecipeName = RecipeName("same_task")
    teacher: Chat | Batch | Local | Scripted = Chat()
    limits: Limits = Limits()
    max_failed: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.02

    def __post_init__(self) -> None:
        """Refuse to stop at a number of answers that are taken for samples."""
        if self.limits.target_accepted is not None:
            raise ValueError("limits.target_accepted has no meaning for a judge: every question needs its answer")

    def check(self) -> None:
        """Raise what can be known before anything is done: a recipe that is none, no key, no price for a limit."""
        with _naming_our_section():
            self._as_generate().check()

    def inputs(self) -> dict[str, object]:
        """Return what decides the answers."""
        return self._as_generate().wording()

    def answers(
        self, questions: Iterable[tuple[str, Origin]], run: RunDir, *, progress: Progress
    ) -> Iterator[str | None]:
        """Ask all questions that `run` has no answer to; then yield the answers in order, None where there is none.

        A question comes with what it is about. Answers to other questions stay for when these are asked again. Raises
        what `generate` does; what was answered is kept and the same command goes on.
        """
        options = self._as_generate()
        if not _lay_out(questions, run):
            return iter(())
        with _naming_our_section():
            _announce(estimate.of_run(options, run, more_seeds=0))
            stage.run(options, run, progress=progress, keeps_strangers=True)
        return _answers(options, run)

    def _as_generate(self) -> GenerateOptions:
        return GenerateOptions(recipe=self.recipe, teacher=self.teacher, limits=self.limits, max_failed=self.max_failed)


def _lay_out(questions: Iterable[tuple[str, Origin]], run: RunDir) -> int:
    """Write the questions as the seeds of `run`; return how many there are."""
    seeds = (
        Seed(digest(text), text, "text", 1, text.count("\n") + 1, origin, index)
        for index, (text, origin) in enumerate(questions)
    )
    parts = shards.write_parts(run.folder("seeds"), seeds, run.layout)
    run.begin("sample", {"questions": [part.sha256 for part in parts]})
    number = sum(part.records for part in parts)
    run.finish("sample", state="complete", counts=Counts(number, number, {}), parts={"seeds": parts}, seconds=0.0)
    return number


def _announce(planned: estimate.Estimate) -> None:
    """Say what the questions will take, before the first is sent."""
    if planned.pending:
        logger.info(
            "judging: %s of %d, about %d input tokens (%s), %s, at most %s (%s)",
            number_of(planned.pending, "question"),
            planned.prompts,
            planned.input_tokens,
            planned.counted,
            dollars(planned.cost),
            dollars(planned.cost_at_most),
            _ours(planned.priced),
        )


def _answers(options: GenerateOptions, run: RunDir) -> Iterator[str | None]:
    """Yield what was answered to each question, found by its prompt's id."""
    folder, ask = run.folder("replies"), options.asker(options.teacher.sampling())
    with Index.reading(folder) as index:
        ahead, places = tee(index.place(ask(seed, 0).id) for seed in jsonl.read_parts(run.folder("seeds"), Seed))
        found = journal.replies(folder, filter(None, ahead))
        for place in places:
            yield _text(next(found)) if place else None


def _text(reply: Reply) -> str:
    return reply.text or ""


@contextmanager
def _naming_our_section() -> Iterator[None]:
    """Let errors of the machinery name the keys of this section, where their values stand."""
    try:
        yield
    except MagicoderError as error:
        error.args = tuple(_ours(str(text)) for text in error.args)
        raise


def _ours(text: str) -> str:
    return _KEYS.sub("judge", text)
