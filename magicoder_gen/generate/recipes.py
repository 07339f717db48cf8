"""A recipe: the ordered steps by which seeds become samples, and the prompts of a step."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import msgspec

from magicoder_gen.errors import ConfigError
from magicoder_gen.fingerprint import digest
from magicoder_gen.generate import prompts
from magicoder_gen.records import Message, Options, Prompt, Sampling, Seed
from magicoder_gen.storage import builtin, settings, shapes


class RecipeName(str):
    """A name under prompts/, or the absolute path of a recipe (.yaml) or of one user template (any other)."""

    __slots__ = ()

    @classmethod
    def from_setting(cls, value: str, folder: Path) -> Self:
        """Read the setting of a configuration file that lies in `folder`."""
        return cls(str(shapes.absolute(value, folder)) if "/" in value or "." in value else value)

    @property
    def path(self) -> Path:
        """Where the recipe lies."""
        return Path(self) if "/" in self else builtin.path(f"prompts/{self}.yaml")


class MessageTemplate(Options, frozen=True):
    """One turn: its role and its template, a file relative to the recipe."""

    role: Literal["system", "user", "assistant"]
    template: str


class WorkedExample(Options, frozen=True):
    """A seed and a good answer to it, shown before the question to teachers that need it."""

    language: str
    code: str
    answer: str


class Step(Options, frozen=True):
    """One question to the teacher; `grammar` (GBNF) is for llama.cpp, `worked_example` for small models."""

    name: str
    messages: Annotated[tuple[MessageTemplate, ...], msgspec.Meta(min_length=1)]
    worked_example: WorkedExample | None = None
    grammar: str | None = None


class Recipe(Options, frozen=True):
    """The file under prompts/. One step so far."""

    steps: Annotated[tuple[Step, ...], msgspec.Meta(min_length=1, max_length=1)]


Ask = Callable[[Seed, int], Prompt]


def load(name: RecipeName) -> tuple[Recipe, Path]:
    """Return the recipe and the folder its files are relative to; raise ConfigError."""
    path = name.path
    if path.suffix != ".yaml":
        only = Step(name=path.stem, messages=(MessageTemplate(role="user", template=path.name),))
        return Recipe(steps=(only,)), path.parent
    if not path.exists():
        known = sorted(file.stem for file in builtin.path("prompts").glob("*.yaml"))
        raise ConfigError(f"generate.recipe: there is no {path}; known names: {', '.join(known)}")
    return settings.read(path, Recipe), path.parent


def content(name: RecipeName) -> dict[str, str]:
    """Return the text of every file of the recipe, by name: what its prompts are made of."""
    recipe, folder = load(name)
    step = recipe.steps[0]
    files = [turn.template for turn in step.messages]
    if step.worked_example:
        files += [step.worked_example.code, step.worked_example.answer]
    if step.grammar:
        files.append(step.grammar)
    return {"step": step.name, **{file: _text(folder / file) for file in files}}


def asker(name: RecipeName, sampling: Sampling, *, worked_example: bool, constrained: bool) -> Ask:
    """Return the function that makes a seed's prompt for the answer of that number, from 0."""
    recipe, folder = load(name)
    step = recipe.steps[0]
    turns = [(turn.role, prompts.load(folder / turn.template)) for turn in step.messages]
    _require_code(turns, name)
    if constrained and step.grammar:
        sampling = msgspec.structs.replace(sampling, grammar=_text(folder / step.grammar))
    example = _example(step, folder, turns[-1][1]) if worked_example else ()

    def ask(seed: Seed, number: int = 0) -> Prompt:
        messages = [Message(role, render(seed.text, seed.language)) for role, render in turns]
        shown = (*messages[:-1], *example, messages[-1])
        return prompt(seed, step.name, shown, _numbered(sampling, number), number=number)

    return ask


def prompt(
    seed: Seed,
    step: str,
    messages: tuple[Message, ...],
    sampling: Sampling,
    *,
    number: int = 0,
    redo_of: str | None = None,
) -> Prompt:
    """Return a prompt with the id that follows from what can change its answer."""
    identity: Any = [step, messages, sampling, number] if number else [step, messages, sampling]
    return Prompt(digest(identity), seed, step, messages, sampling, number, redo_of)


def with_more_tokens(asked: Prompt, max_tokens: int) -> Prompt:
    """Return the prompt that asks the same again, with room for a longer answer."""
    bound, extra = "max_completion_tokens", asked.sampling.extra  # what newer models want in place of max_tokens
    change: Any = {"extra": {**extra, bound: max_tokens}} if bound in extra else {"max_tokens": max_tokens}
    sampling = msgspec.structs.replace(asked.sampling, **change)
    return prompt(asked.seed, asked.step, asked.messages, sampling, number=asked.number, redo_of=asked.id)


def _numbered(sampling: Sampling, number: int) -> Sampling:
    """Give each answer wanted of a seed its own random seed, where one is sent at all."""
    if sampling.seed is None or not number:
        return sampling
    return msgspec.structs.replace(sampling, seed=sampling.seed + number)


def _example(step: Step, folder: Path, render: prompts.Render) -> tuple[Message, ...]:
    if step.worked_example is None:
        return ()
    question = render(_text(folder / step.worked_example.code), step.worked_example.language)
    return Message("user", question), Message("assistant", _text(folder / step.worked_example.answer))


def _require_code(turns: list[tuple[Any, prompts.Render]], name: RecipeName) -> None:
    probe = "snippet-7f3a"
    if not any(probe in render(probe, "python") for _, render in turns):
        raise ConfigError(f"{name.path}: no template shows the snippet; use {{{{ code }}}} or {{code}}")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as UTF-8 text: {error}") from error
