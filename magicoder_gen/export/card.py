"""The data set card: YAML that loaders read, Markdown that people read.

Whatever does not come from us (licences, languages, model names) is data: it goes into YAML by safe_dump and into
Markdown as a code span. What the teacher wrote is in the rows and nowhere here.
"""

from collections.abc import Sequence
from typing import Any

from magicoder_gen.export import cleaning
from magicoder_gen.export.cleaning import Cleaning
from magicoder_gen.export.columns import METADATA, Column, features
from magicoder_gen.export.files import Published, loadable
from magicoder_gen.export.formats import Table
from magicoder_gen.export.markdown import SHOWN, block, escaped, ordered, span, table, tallied
from magicoder_gen.export.select import Select
from magicoder_gen.export.tally import Tally
from magicoder_gen.export.trainers import FOLDER
from magicoder_gen.records import Counts, Options, Record, Sampling

_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
    (100_000_000, "10M<n<100M"),
)


class Card(Options, frozen=True):
    """What the user says of the data set.

    `title`, null = the run's name; `license`, an id as the hub knows it; `contact`, where authors ask for their code to
    be left out.
    """

    title: str | None = None
    license: str | None = None
    contact: str | None = None


class CardFacts(Record, frozen=True):
    """What the card says of how the data was made; no times and no costs.

    `counts` are those of the stages by name, in order. `teachers` holds model and sampling parameters, each seed was
    asked for `answers` answers. `files` names those of rows made elsewhere, which have no teacher of ours. `where` and
    `select` are what the export was asked for, `categories` how these were told for it.
    """

    run: str
    rng_seed: int
    counts: dict[str, Counts] = {}
    teachers: tuple[Sampling, ...] = ()
    recipe: str | None = None
    answers: int = 1
    cleaning: Cleaning = Cleaning()
    files: tuple[str, ...] = ()
    where: str | None = None
    select: Select | None = None
    categories: str | None = None


def render(card: Card, facts: CardFacts, *, published: Sequence[Published], tally: Tally) -> str:
    """Return README.md; the same samples and facts give the same text. Tables come in the order of `published`."""
    sections = (
        f"# {escaped(_title(card, facts))}",
        _introduction(facts, tally),
        _files(published),
        _columns(_tables(published)),
        _made(facts, tally),
        _funnel(facts),
        cleaning.checked(facts.cleaning),
        cleaning.decontaminated(facts.cleaning, tally),
        _labels(tally),
        *_categories(facts, tally),
        _licenses(tally),
        _opting_out(card, facts, tally),
        _loading(published),
        _LIMITS,
    )
    return _front_matter(card, facts, published, tally.rows) + "\n\n".join(sections) + "\n"


def _front_matter(card: Card, facts: CardFacts, published: Sequence[Published], rows: int) -> str:
    import yaml

    fields: dict[str, Any] = {"pretty_name": _title(card, facts)}
    if card.license:
        fields["license"] = card.license
    named = loadable(published)
    tables = _tables(named)
    fields |= {
        "task_categories": ["text-generation"],
        "tags": [
            "code",
            *([] if facts.files else ["synthetic", "oss-instruct"]),
            "instruction-tuning",
            "magicoder-gen",
        ],
        "size_categories": [next((name for limit, name in _SIZES if rows < limit), "100M<n<1B")],
        "configs": [_config(each, named, is_default=each is tables[0]) for each in tables],
        "dataset_info": [{"config_name": each.folder, "features": features(each.columns)} for each in tables],
    }
    return f"---\n{yaml.safe_dump(fields, sort_keys=False)}---\n\n"


def _tables(published: Sequence[Published]) -> list[Table]:
    return list({files.table.folder: files.table for files in published}.values())


def _config(of: Table, published: Sequence[Published], *, is_default: bool) -> dict[str, Any]:
    paths = [{"split": files.split, "path": files.pattern()} for files in published if files.table.folder == of.folder]
    config = {"config_name": of.folder, "data_files": paths}
    return {**config, "default": True} if is_default else config


def _title(card: Card, facts: CardFacts) -> str:
    return " ".join((card.title or "").split()) or " ".join(facts.run.split()) or "untitled"


def _introduction(facts: CardFacts, tally: Tally) -> str:
    languages = tallied(("seed language", "rows"), tally.languages.items())
    how = "written by a language model after reading snippets of real code (OSS-INSTRUCT). Made by magicoder-gen"
    if facts.files:
        how = f"made elsewhere ({', '.join(map(span, facts.files))}). Cleaned by magicoder-gen"
    return f"{tally.rows:,} programming problems with solutions, {how}, run {span(facts.run)}.\n\n{languages}"


def _files(published: Sequence[Published]) -> str:
    rows = [
        (span(files.table.folder), span(files.split), *(f"{number:,}" for number in _sizes(files)))
        for files in published
    ]
    sizes = table(("configuration", "split", "files", "rows", "bytes"), rows, numbers=3)
    return f"## Sizes\n\nAll that comes from one repository is in one split.\n\n{sizes}"


def _sizes(files: Published) -> tuple[int, int, int]:
    return len(files.parts), files.rows(), files.bytes()


def _columns(tables: Sequence[Table]) -> str:
    parts = ["## Columns"]
    for each in tables:
        own = {name: column for name, column in each.columns.items() if name not in METADATA}
        parts += [f"Configuration `{each.folder}`:\n\n{_meanings(own)}"] if own else []
    common = [f"`{each.folder}`" for each in tables if METADATA.keys() <= each.columns.keys()]
    parts += [f"In {', '.join(common)}:\n\n{_meanings(METADATA)}"] if common else []
    return "\n\n".join([*parts, "What the corpus does not say is null."])


def _meanings(columns: dict[str, Column]) -> str:
    return "\n".join(f"- `{name}`: {column.meaning}" for name, column in columns.items())


def _made(facts: CardFacts, tally: Tally) -> str:
    if facts.files:
        return "## How it was made\n\nUnknown to magicoder-gen, which cleaned it."
    recipe = f", recipe {span(facts.recipe)}" if facts.recipe else ""
    lines = [f"- Seed of all random choices: {facts.rng_seed}{recipe}."]
    times = f", {facts.answers} times about each seed" if facts.answers > 1 else ""
    lines += [f"- Asked: {_sampling(teacher)}{times}." for teacher in facts.teachers]
    answered = ", ".join(f"{span(model)} ({count:,})" for model, count in ordered(tally.models.items())[:SHOWN])
    lines.append(f"- Answered, with rows kept: {answered or 'nobody'}.")
    return "## How it was made\n\n" + "\n".join(lines)


def _sampling(teacher: Sampling) -> str:
    numbers = {
        "temperature": teacher.temperature,
        "top_p": teacher.top_p,
        "max_tokens": teacher.max_tokens,
        "seed": teacher.seed,
    }
    told = [f"{name} {value}" for name, value in numbers.items() if value is not None]
    grammar = ["a grammar"] if teacher.grammar else []
    return f"{span(teacher.model)} with {', '.join([*told, *grammar]) or 'its default sampling'}"


def _funnel(facts: CardFacts) -> str:
    lines = [(stage, count.taken, count.kept, _reasons(count)) for stage, count in facts.counts.items()]
    cells = [f"| {span(stage)} | {taken:,} | {kept:,} | {why} |" for stage, taken, kept, why in lines]
    head = "| stage | in | out | left out, by reason |\n|---|---:|---:|---|"
    told = ["## From corpus to rows", "", "In = out + all that was left out.", "", head, *cells]
    return "\n".join([*told, "", *_asked_for(facts)]) if facts.where or facts.select else "\n".join(told)


def _asked_for(facts: CardFacts) -> list[str]:
    lines = [f"Rows for which this holds (`where`):\n\n{block(facts.where)}\n"] if facts.where else []
    if facts.select:
        balance = f", balanced by {span(facts.select.balance)}" if facts.select.balance else ""
        how = ", those that differ most from each other" if facts.select.by == "diversity" else ""
        lines.append(f"Of these (`select`): {facts.select.rows:,} rows{balance}{how}.")
    return lines


def _reasons(counts: Counts) -> str:
    return ", ".join(f"{span(reason)} {count:,}" for reason, count in counts.reasons.items()) or "none"


def _labels(tally: Tally) -> str:
    counted = tallied(("label", "rows"), tally.labels.items()) if tally.labels else "None."
    return f"## Labels\n\nWhat was noticed in rows that were kept (column `sample_labels`).\n\n{counted}"


def _categories(facts: CardFacts, tally: Tally) -> list[str]:
    """Return the section about categories, if they were asked for."""
    if facts.categories is None:
        return []
    counted = tallied(("category", "rows"), tally.categories.items())
    return [
        f"## Categories\n\nTold by a program, by {span(facts.categories)}: often wrong for a single row.\n\n{counted}"
    ]


def _licenses(tally: Tally) -> str:
    known = [(name, count) for name, count in tally.licenses.items() if name]
    unknown = tally.rows - sum(count for _, count in known)
    licenses = tallied(("licence of the seed's source", "rows"), known)
    corpora = tallied(("corpus of the seeds", "rows"), tally.corpora.items())
    attribution = (
        f"The seeds come from {len(tally.repositories):,} repositories. Where the corpus knows them, a row names "
        "repository, path, lines, revision and licence of its seed: the attribution that most licences ask for. Keep "
        "it with the rows. What the terms of a corpus ask of its users, they ask of yours."
    )
    return f"## Licences and attribution\n\n{licenses}\n\nUnknown: {unknown:,} rows.\n\n{corpora}\n\n{attribution}"


def _opting_out(card: Card, facts: CardFacts, tally: Tally) -> str:
    whom = span(card.contact) if card.contact else "whoever published this data set"
    lost = f" Rows of which none of these is known: {tally.unplaced:,}." if tally.unplaced else ""
    if facts.files:
        lost += " What the rows that were made elsewhere go back to, who made them may know."
    return (
        f"## How to opt out\n\nAuthors who do not want their code used tell {whom} the repository, the path or the "
        "Software Heritage identifier (columns `repo`, `path`, `swhid`), and all rows that go back to it can be "
        f"removed (`magicoder-gen purge`).{lost}"
    )


def _loading(published: Sequence[Published]) -> str:
    named = loadable(published)
    names = [f'load_dataset("{FOLDER}", "{files.table.folder}", split="{files.split}")' for files in named]
    names += [
        f'load_dataset("json", data_files="{FOLDER}/{files.pattern()}", split="train")  # its {files.split}'
        for files in published
        if files not in named
    ]
    code = "\n".join(["from datasets import load_dataset", "", *names])
    return (
        f"## How to load\n\n```python\n{code}\n```\n\n"
        "`dataset_info.json` tells LLaMA-Factory (`dataset_dir`) which files there are; "
        "`axolotl.yaml` is what a configuration of Axolotl says of them."
    )


_LIMITS = (
    "## Limits\n\nNobody ran or proved the solutions. One may be wrong, "
    "incomplete or unsafe to run, and may resemble the code that it goes back to; the licence of that code is in the "
    "row where it is known."
)
