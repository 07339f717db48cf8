"""Load a template and render it; whatever a snippet contains is data."""

import re
from collections.abc import Callable
from pathlib import Path

from magicoder_gen.errors import ConfigError

VARIABLES = ("code", "language", "fence")
Render = Callable[[str, str], str]


def load(path: Path) -> Render:
    """Return a function (code, language) -> text.

    A template with {{ }} or {% %} is Jinja2, run in its sandbox; any other text may use {code}, {language} and
    {fence} as the published prompt does, and its other braces are text. Raises ConfigError.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no such template; templates are named relative to their recipe") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as UTF-8 text: {error}") from error
    return _jinja(text, path) if "{{" in text or "{%" in text else _plain(text, path)


def fence(code: str) -> str:
    """Return a run of backticks longer than any in `code`, at least three."""
    longest = max((len(run) for run in re.findall(r"`+", code)), default=0)
    return "`" * max(3, longest + 1)


def _plain(text: str, path: Path) -> Render:
    unknown = [name for name in re.findall(r"\{([a-z_]+)\}", text) if name not in VARIABLES]
    if unknown:
        raise ConfigError(f"{path}: unknown variable {{{unknown[0]}}}; known: {', '.join(VARIABLES)}")
    pattern = re.compile(r"\{(" + "|".join(VARIABLES) + r")\}")

    def render(code: str, language: str) -> str:
        values = {"code": code, "language": language, "fence": fence(code)}
        return pattern.sub(lambda match: values[match[1]], text)

    return render


def _jinja(text: str, path: Path) -> Render:
    from jinja2 import StrictUndefined, TemplateError, meta
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)  # not HTML
    try:
        unknown = meta.find_undeclared_variables(environment.parse(text)) - set(VARIABLES)
        template = environment.from_string(text)
    except TemplateError as error:
        raise ConfigError(f"{path}: {error}") from error
    if unknown:
        raise ConfigError(f"{path}: unknown variable {min(unknown)}; known: {', '.join(VARIABLES)}")

    def render(code: str, language: str) -> str:
        try:
            return template.render(code=code, language=language, fence=fence(code))
        except Exception as error:  # a template is a program of the user's and may raise anything
            raise ConfigError(f"{path}: {type(error).__name__}: {error}") from error

    return render
