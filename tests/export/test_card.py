"""The card tells how the data was made, adds up, and lets no foreign text out of its place."""

import re
from typing import Any

import pytest
import yaml
from builders import a_seed
from hypothesis import given
from hypothesis import strategies as st

from magicoder_gen.export.card import Card, CardFacts, render
from magicoder_gen.export.cleaning import Cleaning
from magicoder_gen.export.files import Published
from magicoder_gen.export.formats import Format, Kind, Messages, Openai, ProblemSolution, tables
from magicoder_gen.export.select import Select
from magicoder_gen.export.tally import Rejected, Tally
from magicoder_gen.records import Counts, Origin, Sample, Sampling, Seed
from magicoder_gen.storage.shards import Part


def published(*blocks: Format, splits: tuple[str, ...] = ("train",), kind: Kind = "jsonl") -> list[Published]:
    """A file of each table and split."""
    part = Part("x", 1500, 20_000, "0")
    return [
        Published(table, split, table.kind or kind, [part, part])
        for block in blocks
        for table in tables(block)
        for split in splits
    ]


FILES = published(ProblemSolution(), Messages())


def a_tally(
    *licenses: str | None, model: str = "teacher-1", language: str = "python", corpus: str = "test", label: str = ""
) -> Tally:
    """Samples with these licences, counted."""
    tally = Tally()
    for tier in ("verbatim", "fuzzy"):
        tally.reject(Rejected("decontaminate", "humaneval", {"tier": tier}))
    for name in licenses:
        seed = Seed("s", "x", language, 1, 1, Origin(corpus, license=name), 0)
        tally.add(Sample("id", "p", seed, "p", "s", model, {label: 1} if label else {}))
    return tally


def facts(**changes: Any) -> CardFacts:
    """Facts of a small run."""
    told: dict[str, Any] = {
        "run": "first",
        "rng_seed": 976,
        "counts": {
            "sample": Counts(12, 10, {"empty": 2}),
            "generate": Counts(10, 9, {"timeout": 1}),
            "clean": Counts(9, 3, {"parse:order": 4, "decontaminate:humaneval": 2}),
        },
        "teachers": (Sampling("teacher-1", temperature=0.7, max_tokens=2500),),
        "recipe": "oss_instruct",
    }
    return CardFacts(**({"cleaning": Cleaning(benchmarks={"humaneval": 492}, verbatim="drop")} | told | changes))


def front_matter(text: str) -> dict[str, Any]:
    """The YAML as the hub's own library reads it."""
    from huggingface_hub import DatasetCard

    parsed: dict[str, Any] = DatasetCard(text, ignore_metadata_errors=False).data.to_dict()
    return parsed


def test_the_hub_reads_the_front_matter() -> None:
    """Title, licence, size and one configuration per format, the first one the default."""
    card = render(Card(title="Pairs: a set", license="mit"), facts(), published=FILES, tally=a_tally("MIT"))
    data = front_matter(card)
    assert data["pretty_name"] == "Pairs: a set"
    assert data["license"] == "mit"
    assert data["task_categories"] == ["text-generation"]
    assert data["size_categories"] == ["n<1K"]
    assert data["configs"] == [
        {
            "config_name": "problem_solution",
            "data_files": [{"split": "train", "path": "problem_solution/train-?????-of-00002.jsonl"}],
            "default": True,
        },
        {"config_name": "messages", "data_files": [{"split": "train", "path": "messages/train-?????-of-00002.jsonl"}]},
    ]


def test_what_is_not_said_is_left_out() -> None:
    """Without a licence there is none in the card; the run's name is the title."""
    data = front_matter(render(Card(), facts(), published=published(Messages()), tally=a_tally("MIT")))
    assert "license" not in data
    assert data["pretty_name"] == "first"
    assert data["configs"][0]["config_name"] == "messages"
    assert data["configs"][0]["default"]


def test_splits_kinds_and_sizes_are_told() -> None:
    """Each split of each table has its line; what cannot be loaded by name is loaded by its files."""
    files = published(Openai(), splits=("train", "test"), kind="parquet")
    text = render(Card(), facts(), published=files, tally=a_tally("MIT"))
    (config,) = front_matter(text)["configs"]
    assert config["config_name"] == "openai_metadata"
    assert config["data_files"][1] == {"split": "test", "path": "openai_metadata/test-?????-of-00002.parquet"}
    assert "| `openai` | `test` | 2 | 3,000 | 40,000 |" in text
    named = "path/to/this/folder/openai/test-?????-of-00002.jsonl"
    assert f'load_dataset("json", data_files="{named}", split="train")  # its test' in text


def test_the_text_tells_how_it_was_made() -> None:
    """Teacher and sampling, recipe, random seed, decontamination, licences with the unknown ones."""
    text = render(Card(), facts(), published=FILES, tally=a_tally("MIT", "MIT", None))
    assert "`teacher-1` with temperature 0.7, max_tokens 2500" in text
    assert "976, recipe `oss_instruct`" in text
    assert "| `MIT` | 2 |" in text
    assert "Unknown: 1 rows." in text
    assert "Benchmarks: `humaneval` (492 texts).\n\n- verbatim: whole texts, " in text
    assert "2 rows dropped.\n\n| dropped for | verbatim |\n|---|---:|\n| `humaneval` | 1 |" in text
    assert 'load_dataset("path/to/this/folder", "messages", split="train")' in text


def test_rows_made_elsewhere_have_no_teacher_of_ours() -> None:
    """The card names the files and does not say how they were made."""
    text = render(Card(), facts(files=("rows`.jsonl",), teachers=()), published=FILES, tally=a_tally("MIT"))
    assert "made elsewhere (`rows'.jsonl`). Cleaned by magicoder-gen" in text
    for claim in ("OSS-INSTRUCT", "oss-instruct", "synthetic", "teacher", "Asked", "Answered", "inspired"):
        assert claim not in text


def test_attribution_and_how_to_opt_out() -> None:
    """How many repositories, what the corpora were, whom to tell; rows whose source nobody knows are owned up to."""
    tally = Tally()
    for number, repo in enumerate(("a/b", "a/b", "c/d", None)):
        seed = Seed("s", "x", "python", 1, 1, Origin("hub:some/code@1f", repo=repo), number)
        tally.add(Sample("id", "p", seed, "p", "s", "m", {"copied": "seed", "score": 0.5} if number else {}))
    text = render(Card(contact="code@example.org"), facts(), published=FILES, tally=tally)
    assert "The seeds come from 2 repositories." in text
    assert "| `hub:some/code@1f` | 4 |" in text
    assert "do not want their code used tell `code@example.org` the repository" in text
    assert "Rows of which none of these is known: 1." in text
    assert "| `copied` | 3 |\n| `score` | 3 |" in text
    nobody = render(Card(), facts(), published=FILES, tally=a_tally("MIT"))
    assert "tell whoever published this data set" in nobody
    assert "(column `sample_labels`).\n\nNone." in nobody


def test_the_funnel_adds_up() -> None:
    """In each line of the table, in = out + the reasons; what comes out goes into the next."""
    text = render(Card(), facts(), published=FILES, tally=a_tally("MIT", "MIT", None))
    lines = re.findall(r"^\| `\w+` \| (\d+) \| (\d+) \| (.*) \|$", text, re.MULTILINE)
    assert len(lines) == 3
    for taken, kept, why in lines:
        assert int(taken) == int(kept) + sum(int(count) for count in re.findall(r"` (\d+)", why))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"verbatim": "off"}, "None: rows may hold"),
        ({"benchmarks": {}}, "None: rows may hold"),
        ({"verbatim": "flag"}, "2 rows dropped. 0 rows carry the label `contaminated`."),
        ({"verbatim": "drop"}, "Not looked for (fuzzy): parts of texts"),
        ({"fuzzy": "flag"}, "- fuzzy: parts of texts, and code with other names; rows that hold one were kept"),
        ({"fuzzy": "drop"}, "Not looked for (semantic): paraphrases"),
        ({"verbatim": "off", "semantic": "drop"}, "Not looked for (verbatim): whole texts"),
    ],
)
def test_decontamination_is_not_overstated(changes: dict[str, Any], said: str) -> None:
    """What was off is called off."""
    cleaning = Cleaning(**({"benchmarks": {"humaneval": 492}, "verbatim": "drop"} | changes))
    assert said in render(Card(), facts(cleaning=cleaning), published=FILES, tally=a_tally("MIT"))


def test_answers_of_each_seed_are_told() -> None:
    """Or nobody could see why more answers than seeds are in the table."""
    several = render(Card(), facts(answers=2), published=FILES, tally=a_tally("MIT"))
    assert "- Asked: `teacher-1` with temperature 0.7, max_tokens 2500, 2 times about each seed.\n" in several
    assert "about each seed" not in render(Card(), facts(), published=FILES, tally=a_tally("MIT"))


def test_cleaning_is_told() -> None:
    """Which texts had to be new, how similar rows might be, what each check did, what was published before."""
    told = Cleaning(exact=("problem",), near=0.7, checks={"length": "drop", "stub": "flag"}, published=2)
    card = render(Card(), facts(cleaning=told), published=FILES, tally=a_tally("MIT"))
    assert "- Equal rows: dropped where another has the same problem, white space aside." in card
    assert "- Similar rows: dropped where two share 70% of their runs of five words" in card
    assert "- What repeats a row of 2 earlier data sets was dropped too." in card
    assert (
        "- Dropped where these checks object: `length`.\n- Kept with a label where these checks object: `stub`." in card
    )
    nothing = render(Card(), facts(cleaning=Cleaning()), published=FILES, tally=a_tally("MIT"))
    assert "- Equal rows: kept.\n- Similar rows: kept.\n\n" in nothing


def test_a_condition_is_told_as_it_was_written() -> None:
    """In a fence longer than any in it."""
    told = facts(where='labels["a```b"] < 3')
    card = render(Card(), told, published=FILES, tally=a_tally("MIT"))
    assert '````text\nlabels["a```b"] < 3\n````' in card


def test_many_licences_are_summed_up() -> None:
    """A corpus with thousands of licence texts does not make a card of thousands of lines."""
    text = render(Card(), facts(), published=FILES, tally=a_tally(*(f"L{number:03d}" for number in range(500))))
    assert "| 480 others | 480 |" in text
    assert len(text) < 10_000


HOSTILE = [
    "x` | <script>alert(1)</script> | `",
    "MIT\n---\ntags: [evil]\n---\n# Owned",
    "a\u2028b\u202ec\x1b[31m",
    "[click](javascript:alert(1)) ![i](http://127.0.0.1/i.png)",
    "``` \n{{ jinja }} &lt; \\` \\| ",
    "- : # ! & * ? [ ] { } % @",
    "",
    "x" * 10_000,
]


def _without_fences(text: str) -> str:
    return re.sub(r"^(```+)(?:python|text)\n.*?^\1$", "", text, flags=re.MULTILINE | re.DOTALL)


def _without_code(text: str) -> str:
    return re.sub(r"`[^`\n]*`", "", _without_fences(text))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_stay_inside_code_spans(text: str) -> None:
    """Licences, languages, models, recipes and reasons end no span, no table cell, no front matter."""
    tally = a_tally(text, "MIT", model=text, language=text, corpus=text, label=text)
    counts = {"clean": Counts(3, 2, {text: 1})}
    told = facts(
        where=text,
        select=Select(rows=1, balance="labels." + (text or "x")),
        run="run",
        recipe=text or "r",
        counts=counts,
        teachers=(Sampling(text),),
        cleaning=Cleaning(benchmarks={text: 1}, verbatim="drop", checks={text: "drop"}, meant=(text,), semantic="drop"),
    )
    card = render(Card(contact=text), told, published=FILES, tally=tally)
    plain = render(Card(), facts(run="run", counts=counts), published=FILES, tally=a_tally("A", "MIT"))
    assert front_matter(card) == front_matter(plain)
    outside = _without_code(card.split("---\n", 2)[2])
    for mark in ("<", "script", "click", "Owned", "\u2028", "\u202e", "\x1b", "evil", "`"):
        assert mark not in outside
    assert all(line.count("|") in {0, 3, 4, 5, 6} for line in _without_fences(card).split("\n"))


@pytest.mark.parametrize("title", HOSTILE)
def test_hostile_titles_change_nothing_else(title: str) -> None:
    """A title is one YAML value and one heading whose marks are literal."""
    card = render(Card(title=title, license=title), facts(), published=FILES, tally=a_tally("MIT"))
    data = front_matter(card)
    assert set(data) - {"license"} == set(front_matter(render(Card(), facts(), published=FILES, tally=a_tally("MIT"))))
    assert data["tags"][0] == "code"
    heading = next(line for line in card.split("---\n\n", 1)[1].split("\n") if line.startswith("# "))
    assert not re.search(r"(?<!\\)[<\[`|!]", heading)


@given(title=st.text(), name=st.text())
def test_any_text_keeps_the_card_whole(title: str, name: str) -> None:
    """YAML gives the title back on one line, and the body has its sections, whatever the names."""
    card = render(Card(title=title), facts(recipe=name), published=FILES, tally=a_tally(name, model=name))
    _, yaml_text, body = re.split(r"^---\n", card, maxsplit=2, flags=re.MULTILINE)
    assert yaml.safe_load(yaml_text)["pretty_name"] == (" ".join(title.split()) or "first")
    headings = [line for line in body.split("\n") if line.startswith("## ")]
    assert len(headings) == 11


def test_seed_text_is_not_in_the_card() -> None:
    """Rows speak for themselves; the card quotes none."""
    tally = Tally()
    tally.add(Sample("id", "p", a_seed("SECRET_SEED"), "SECRET_PROBLEM", "SECRET_SOLUTION", "m", {}))
    assert "SECRET" not in render(Card(), facts(), published=FILES, tally=tally)
