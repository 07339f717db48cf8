"""Templates show the snippet and nothing else of it is obeyed."""

from pathlib import Path

import pytest
from builders import a_seed
from hypothesis import given
from hypothesis import strategies as st

from magicoder_gen.errors import ConfigError
from magicoder_gen.generate import prompts, recipes
from magicoder_gen.generate.recipes import RecipeName
from magicoder_gen.records import Sampling

HOSTILE = "{} {0} {code} {{ code }} {% for %} $x %s ``` ```` [Solution]\n[Problem Description] {#"


def a_template(folder: Path, text: str) -> Path:
    """Write a template."""
    path = folder / "template.j2"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("template", ["before {{ code }} after", "before {code} after"])
@given(code=st.one_of(st.text(), st.just(HOSTILE)))
def test_rendering_never_eats_or_obeys_the_snippet(
    tmp_path_factory: pytest.TempPathFactory, template: str, code: str
) -> None:
    """Braces, template syntax and markers in a snippet come out as they went in, in both kinds of template."""
    render = prompts.load(a_template(tmp_path_factory.mktemp("t"), template))
    assert render(code, "python") == f"before {code} after"


def test_other_braces_of_a_published_style_template_are_text(tmp_path: Path) -> None:
    """Only {code}, {language} and {fence} mean something."""
    render = prompts.load(a_template(tmp_path, "{code} {} {0} { x } {language}"))
    assert render("C", "rust") == "C {} {0} { x } rust"


@pytest.mark.parametrize("template", ["{{ cod }}", "{cod} {code}", "{% if x %}{{ code }}{% endif %}"])
def test_an_unknown_variable_names_the_known_ones(tmp_path: Path, template: str) -> None:
    """A typing mistake is found before money is spent."""
    with pytest.raises(ConfigError, match=r"unknown variable .*known: code, language, fence"):
        prompts.load(a_template(tmp_path, template))


def test_a_broken_template_names_its_file(tmp_path: Path) -> None:
    """Syntax errors are configuration errors."""
    with pytest.raises(ConfigError, match=r"template\.j2"):
        prompts.load(a_template(tmp_path, "{{ code"))


def test_a_template_cannot_reach_the_interpreter(tmp_path: Path) -> None:
    """Templates may come from strangers: the sandbox refuses attributes of Python."""
    render = prompts.load(a_template(tmp_path, "{{ code.__class__.__mro__ }}"))
    with pytest.raises(ConfigError, match="unsafe"):
        render("x", "python")


def test_the_fence_is_longer_than_any_in_the_snippet() -> None:
    """Three backticks at least."""
    assert prompts.fence("no") == "```"
    assert prompts.fence("a ````` b") == "``````"


def asker(name: str, **changes: bool) -> recipes.Ask:
    """Load a recipe for a model without parameters."""
    settings = {"worked_example": False, "constrained": False, **changes}
    return recipes.asker(RecipeName(name), Sampling("m"), **settings)


def test_the_built_in_recipe_shows_language_and_snippet() -> None:
    """The last turn is the user's and holds the snippet word for word."""
    prompt = asker("oss_instruct")(a_seed(HOSTILE, language="rust"))
    assert prompt.messages[-1].role == "user"
    assert HOSTILE in prompt.messages[-1].content
    assert "rust" in prompt.messages[-1].content.lower()


def test_the_worked_example_and_the_grammar_are_for_those_who_ask() -> None:
    """Two turns more, and the grammar among the sampling parameters: another prompt with another id."""
    plain, helped = asker("oss_instruct"), asker("oss_instruct", worked_example=True, constrained=True)
    seed = a_seed()
    assert len(helped(seed).messages) == len(plain(seed).messages) + 2
    assert helped(seed).sampling.grammar
    assert plain(seed).sampling.grammar is None
    assert helped(seed).id != plain(seed).id


def test_an_id_depends_on_what_changes_the_answer_only(tmp_path: Path) -> None:
    """The same text from another place is the same request; another model is not."""
    seed, elsewhere = a_seed(), a_seed(id="other", index=9)
    ask = asker("oss_instruct")
    assert ask(seed).id == ask(elsewhere).id
    other = recipes.asker(RecipeName("oss_instruct"), Sampling("n"), worked_example=False, constrained=False)
    assert ask(seed).id != other(seed).id


def test_a_template_alone_is_a_recipe(tmp_path: Path) -> None:
    """A user's own prompt file needs no YAML around it."""
    path = tmp_path / "mine.txt"
    path.write_text("Invent something from {code}", encoding="utf-8")
    (turn,) = asker(str(path))(a_seed("x = 1")).messages
    assert (turn.role, turn.content) == ("user", "Invent something from x = 1")


def test_a_recipe_that_shows_no_snippet_is_refused(tmp_path: Path) -> None:
    """80 000 equal requests are a mistake."""
    path = tmp_path / "mine.txt"
    path.write_text("Invent something", encoding="utf-8")
    with pytest.raises(ConfigError, match="no template shows the snippet"):
        asker(str(path))


def test_an_unknown_recipe_lists_the_known_names() -> None:
    """As every name in the configuration."""
    with pytest.raises(ConfigError, match="known names: oss_instruct"):
        asker("oss_instrct")
