"""A condition says what it looks like, names the character where it does not, and executes nothing."""

from typing import Any

import msgspec
import pytest
from exporting import a_sample
from hypothesis import given
from hypothesis import strategies as st

from magicoder_gen.export import where
from magicoder_gen.export.fields import Row

LABELLED = Row(
    a_sample(
        3,
        text="four",
        license="MIT",
        language="rust",
        labels={"copied": "seed", "score": 0.5, "ok": True, "odd name": 1},
    ),
    "Web",
)
BARE = Row(a_sample(4, text=""))


@pytest.mark.parametrize(
    ("condition", "labelled", "bare"),
    [
        ('language = "rust"', True, False),
        ("language == 'rust'", True, False),
        ('language != "rust"', False, True),
        ('language in ["rust", "go"]', True, False),
        ('language in ("rust")', True, False),
        ('language not in ["rust"]', False, True),
        ("license is null", False, True),
        ("license is not null", True, False),
        ('license != "MIT"', False, True),
        ('license not in ["MIT"]', False, True),
        ('license >= ""', True, False),
        ('labels.copied = "seed"', True, False),
        ("labels.copied is null", False, True),
        ("labels.score > 0.4", True, False),
        ("labels.score <= 5e-1", True, False),
        ("labels.score < -.5", False, False),
        ("labels.ok = true", True, False),
        ("labels.ok = 1", False, False),
        ("labels.ok != false", True, True),
        ('labels.ok = "true"', False, False),
        ('labels["odd name"] = 1', True, False),
        ('labels["odd name"] = true', False, False),
        ("seed_characters = 4", True, False),
        ('category = "Web"', True, False),
        ('category in ["Database and SQL", "Web"]', True, False),
        ('category != "Web"', False, True),
        ("category is null", False, True),
        ("seed_index >= 4 or labels.ok = true", True, True),
        ("not seed_index >= 4 and not labels.ok = true", False, False),
        ('language = "rust" or license is null and seed_index = 9', True, False),
        ('(language = "rust" or license is null) and seed_index = 4', False, True),
        ('not (language = "rust" or license is null)', False, False),
        ("not not license is null", False, True),
        ('model="teacher-1"and repo="a/b"', True, True),
        ("  problem_characters\n<\t5 ", False, True),
    ],
)
def test_conditions_hold_for_what_they_say(condition: str, labelled: bool, bare: bool) -> None:  # noqa: FBT001
    """`and` binds closer than `or`, `not` closest; null equals nothing and has no order; true is not 1."""
    holds = where.compiled(condition)
    assert (holds(LABELLED), holds(BARE)) == (labelled, bare)


@pytest.mark.parametrize(
    ("condition", "place", "said"),
    [
        ("", 1, "a field was expected"),
        ("langage = 'c'", 1, "no field langage; did you mean language?"),
        ("quality > 1", 1, "no field quality; known are id, "),
        ("language", 9, "a comparison of language was expected"),
        ("labels.ok and language = 'c'", 11, "a comparison of labels.ok was expected"),
        ("language = null", 12, "write language is null"),
        ("language = rust", 12, "a text in quotes, a number, true or false was expected"),
        ("language = 3", 12, "language is a text, this is a number"),
        ("seed_index in [1, 'b']", 19, "seed_index is a number, this is a text"),
        ("seed_index in 1", 15, "[ was expected"),
        ("seed_index in [1, 2", 20, "] was expected"),
        ("(language = 'c'", 16, ") was expected"),
        ("language = 'c' language = 'd'", 16, "and, or, or the end was expected"),
        ("language = 'c", 12, "a text without its closing quote"),
        ("language = 'c' and", 19, "a field was expected"),
        ("language = 'c' & x", 16, "'&' means nothing here"),
        ("__import__('os')", 1, "no field __import__"),
        ("labels.__class__.__name__ = x", 29, "a text in quotes"),
        ("labels[ok] = 1", 8, "the name of a label in quotes"),
        ("labels = 1", 1, "no field labels"),
        ("'a' = language", 1, "a field was expected"),
        ("language is 'c'", 13, "null was expected"),
        ("category = 'Wab'", 12, "no category Wab; known are Algorithmic and Data Structure, "),
        ("not " * 51 + "language is null", 201, "over 50 deep"),
        ("(" * 5000, 51, "over 50 deep"),
    ],
)
def test_mistakes_are_told_where_they_are(condition: str, place: int, said: str) -> None:
    """The character counts from 1; the remedy follows."""
    with pytest.raises(ValueError, match="where, character") as raised:
        where.compiled(condition)
    assert str(raised.value).startswith(f"where, character {place}")
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_many_conditions_side_by_side_are_not_deep() -> None:
    """Only those within each other are."""
    assert where.compiled(" and ".join(["not (license is not null)"] * 100))(BARE)


def test_the_fields_of_a_condition_are_known_before_it_is_asked() -> None:
    """So that what is dear is told only where somebody asks; a label of that name is something else."""
    assert where.names("language = 'c' and not (category = 'Web' or seed_index < 3)") == {
        "language",
        "category",
        "seed_index",
    }
    assert where.names("labels.category = 'Web' or labels['category'] = 'Web'") == {"labels.category"}
    assert where.names(None) == set()


def test_no_condition_holds_for_all() -> None:
    """And one that nobody could have typed is refused."""
    assert where.compiled(None)(BARE)
    with pytest.raises(ValueError, match="over 10000 characters"):
        where.compiled("(" * 10_001)


@given(st.text(alphabet="()[]'\"\\ =<>!.,abcnotrdiul1l-_\n\u2028e", max_size=60))
def test_any_text_is_a_condition_or_a_mistake(text: str) -> None:
    """Nothing else is ever raised, when it is read or when it is asked."""
    try:
        holds = where.compiled(text)
    except ValueError:
        return
    assert holds(LABELLED) in {True, False}


@given(
    value=st.one_of(st.text(), st.floats(allow_nan=False), st.booleans(), st.none()),
    text=st.text(max_size=5),
    number=st.integers(-5, 5),
)
def test_in_is_a_row_of_equals_and_not_turns_every_condition_round(value: Any, text: str, number: int) -> None:
    """Whatever a label holds; any text can be quoted."""
    sample = Row(msgspec.structs.replace(BARE.sample, labels={"x": value}))
    quoted = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    listed = where.compiled(f"labels.x in [{quoted}, {number}, true]")(sample)
    one_by_one = f"labels.x = {quoted} or labels.x = {number} or labels.x = true"
    assert where.compiled(one_by_one)(sample) is listed
    assert where.compiled(f"labels.x not in [{quoted}, {number}, true]")(sample) is not listed
    assert where.compiled(f"not ({one_by_one})")(sample) is not listed
    if value == text:
        assert listed
