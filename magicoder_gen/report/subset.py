"""The rows that the page shows: some of the samples and of the rejections, drawn so that rare ones are among them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import count, repeat
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import msgspec

from magicoder_gen import ngrams
from magicoder_gen.categories import names
from magicoder_gen.errors import ConfigError
from magicoder_gen.generate import journal
from magicoder_gen.generate.index import Index
from magicoder_gen.records import Record, Rejection, Reply, Sample, Seed
from magicoder_gen.report import survey
from magicoder_gen.report.rejected import task_of
from magicoder_gen.report.stats import Rows
from magicoder_gen.report.texts import cut, for_script, redacted, visible
from magicoder_gen.storage import jsonl, optouts
from magicoder_gen.storage.rundir import RunDir

if TYPE_CHECKING:
    import numpy as np

SAMPLES, REJECTIONS = 600, 400
"""Rows that are drawn, at most."""
BYTES = {"sample": 2_200_000, "rejection": 1_200_000}
"""Of the page, at most; the rows that were drawn last are left out."""
CHARACTERS = 4000
"""Of a text that are shown."""

_TITLE, _NAME, _FACT = 100, 100, 300  # characters

AskText = Callable[[Seed], str | None]


class Shown(Record, frozen=True, omit_defaults=True):
    """A row as the page has it. `texts` are what stands side by side: a title, what is under it, whether it is code.

    `key` is what the page's address calls it, if that is not its id.
    """

    kind: str
    id: str
    title: str
    language: str
    facts: dict[str, str]
    texts: list[tuple[str, str, bool]]
    fence: str = ""
    reason: str = ""
    category: str = ""
    labels: list[str] = []
    key: str = ""


def keyed(rows: list[Shown]) -> list[Shown]:
    """Return the rows, each with a key of its own: copies have their original's id, those that were not read none."""
    taken, given = {row.id for row in rows}, {""}
    found = []
    for row in rows:
        numbered = (f"{row.id or row.kind}-{number}" for number in count(2))
        key = row.id if row.id not in given else next(key for key in numbered if key not in taken)
        given.add(key)
        taken.add(key)
        found.append(row if key == row.id else msgspec.structs.replace(row, key=key))
    return found


def chosen(groups: Sequence[str], most: int) -> list[int]:
    """Return the numbers of at most `most` rows in the order of their choice.

    Groups take turns in the order of their names; within a group the order is that of a hash of the row's number.
    """
    import numpy as np

    if not groups:
        return []
    names = {name: place for place, name in enumerate(sorted(set(groups)))}
    group = np.array([names[name] for name in groups])
    key = ngrams.mixed(np.arange(1, len(groups) + 1, dtype=np.uint64) * np.uint64(ngrams.STEP))
    order = np.lexsort((key, group))
    sizes = np.bincount(group, minlength=len(names))
    turn = np.empty(len(groups), np.int64)
    turn[order] = np.arange(len(groups)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return [int(row) for row in np.lexsort((group, turn))[:most]]


def samples(run: RunDir, rows: Rows, ask: AskText) -> list[Shown]:
    """Return the samples to show, by turns of seed language."""
    order = chosen(rows.languages, SAMPLES)
    picked = _picked(run.folder("samples"), Sample, order)
    raw = _replies(run, [sample.prompt_id for sample in picked])
    shown = (
        _sample(sample, reply, rows, number=number, prompt=ask(sample.seed))
        for number, sample, reply in zip(order, picked, raw, strict=True)
    )
    return list(_within(shown, BYTES["sample"]))


def rejections(run: RunDir, rows: Rows, ask: AskText, tasks: Mapping[str, str] = MappingProxyType({})) -> list[Shown]:
    """Return the rejections to show, by turns of reason; beside one that repeats a sample of the run, that sample.

    `tasks` are texts of benchmarks' items by their ids: they stand beside rows that hold them.
    """
    picked = _picked(run.folder("rejections"), Rejection, chosen(rows.reasons, REJECTIONS))
    kept = _kept(run, rows, {str(one.evidence.get("kept")) for one in picked})
    shown = (
        _rejection(
            one, kept.get(str(one.evidence.get("kept"))), prompt=ask(one.seed), task=task_of(one.evidence, tasks)
        )
        for one in picked
    )
    return list(_within(shown, BYTES["rejection"]))


def _kept(run: RunDir, rows: Rows, wanted: set[str]) -> dict[str, Sample]:
    """Return the samples with those ids."""
    numbers = [number for number, one in enumerate(rows.ids) if one in wanted]
    return {sample.id: sample for sample in _picked(run.folder("samples"), Sample, numbers)}


def asker(run: RunDir) -> AskText:
    """Return what tells the prompt of a seed as the run's configuration has it now; None where that is not known."""
    if not journal.exists(run.folder("replies")) or not run.config_path.exists():
        return lambda _: None
    from magicoder_gen import config
    from magicoder_gen.records import Sampling

    try:
        ask = config.load(run.config_path).generate.asker(Sampling("any"))
    except ConfigError:
        return lambda _: None  # a template that is gone is no reason to show nothing else

    def prompt(seed: Seed) -> str | None:
        try:
            return "\n\n".join(f"[{turn.role}]\n{turn.content}" for turn in ask(seed, 0).messages)
        except ConfigError:
            return None  # nor is one that cannot be rendered with this seed

    return prompt


def _picked(folder: Path, kind: type[Any], order: list[int]) -> list[Any]:
    """Read the lines of those numbers, in that order."""
    ascending = sorted(order)
    found = dict(zip(ascending, jsonl.pick(folder, kind, ascending), strict=True))
    return [found[number] for number in order]


def _replies(run: RunDir, prompt_ids: list[str]) -> Iterator[Reply | None]:
    """Yield the raw reply to each prompt; None for rows made elsewhere, and where the journal lacks it."""
    folder = run.folder("replies")
    if not journal.exists(folder):
        yield from repeat(None, len(prompt_ids))
        return
    with Index.reading(folder) as index:
        places = [index.place(prompt_id) for prompt_id in prompt_ids]
    found = journal.replies(folder, [place for place in places if place])
    for place in places:
        yield next(found) if place else None


def _within(rows: Iterable[Shown], most: int) -> Iterator[Shown]:
    """Yield the first rows that take at most so many bytes of the page."""
    left = most
    for row in rows:
        left -= len(for_script(row).encode())
        if left < 0:
            return
        yield row


def _sample(sample: Sample, reply: Reply | None, rows: Rows, *, number: int, prompt: str | None) -> Shown:
    facts = {"id": sample.id, "prompt": sample.prompt_id, "teacher": sample.model, **_origin(sample.seed)}
    facts |= {name: str(value) for name, value in sample.labels.items()}
    if rows.nearest:
        facts["nearest of HumanEval"] = f"{rows.nearest.tasks[number]}, cosine {rows.nearest.cosines[number]:.3f}"
    if not _is_nan(rows.copied[number]):
        facts["share of the seed in the sample"] = f"{rows.copied[number]:.0%}"
    texts = [
        ("Seed", sample.seed.text, True),
        ("Prompt", prompt, False),
        ("Raw reply", reply.text if reply else None, False),
        ("Problem", sample.problem, False),
        ("Solution", sample.solution, False),
    ]
    return Shown(
        "sample",
        cut(sample.id, _NAME),
        _title(sample.problem),
        cut(sample.seed.language, _NAME),
        _short(facts),
        _texts(texts),
        fence=cut(survey.fence_language(sample.solution), _NAME),
        category=names.NAMES[int(rows.categories[number])],
        labels=[cut(f"{name}: {value}", _NAME) for name, value in sample.labels.items()],
    )


def _rejection(rejection: Rejection, kept: Sample | None, *, prompt: str | None, task: str | None) -> Shown:
    facts = {"id it would have had": rejection.id or "", "prompt": rejection.prompt_id, **_origin(rejection.seed)}
    if "kept" in rejection.evidence:
        facts["repeats"] = _repeated(rejection.evidence, kept)
    evidence = "\n".join(
        f"{name}: {value if isinstance(value, str) else msgspec.json.encode(value).decode()}"
        for name, value in rejection.evidence.items()
        if name != "task"
    )
    texts = [
        ("Raw text", rejection.text, False),
        ("The sample that stayed", f"{kept.problem}\n\n{kept.solution}" if kept else None, False),
        ("The benchmark's item", task, False),
        ("Evidence", evidence, False),
        ("Seed", rejection.seed.text, True),
        ("Prompt", prompt, False),
    ]
    return Shown(
        "rejection",
        cut(rejection.id or rejection.prompt_id, _NAME),
        _title(rejection.text or ""),
        cut(rejection.seed.language, _NAME),
        _short(facts),
        _texts(texts),
        reason=cut(f"{rejection.check}:{rejection.reason}", _NAME),
    )


def _repeated(evidence: Mapping[str, object], kept: Sample | None) -> str:
    """Return which row a rejection repeats, and where that is found."""
    if evidence.get("published"):
        return f"{evidence['kept']}, a sample of another data set: {evidence['published']}"
    if str(evidence["kept"]).startswith(optouts.REASON):
        return "a sample that was purged"
    where = "a sample, shown beside" if kept else "which was dropped too, for something else"
    return f"{evidence['kept']}, {where}"


def _origin(seed: Seed) -> dict[str, str]:
    place = " ".join(part for part in (seed.origin.corpus, seed.origin.repo, seed.origin.path) if part)
    return {"seed": f"{place}, lines {seed.first_line}-{seed.last_line}", "licence": seed.origin.license or ""}


def _short(facts: dict[str, str]) -> dict[str, str]:
    return {cut(name, _NAME): cut(value, _FACT) for name, value in facts.items() if value}


def _texts(texts: list[tuple[str, str | None, bool]]) -> list[tuple[str, str, bool]]:
    """Cut texts, without those that there are none of; the third value says that all of it is code."""
    return [(title, cut(text, CHARACTERS), is_code) for title, text, is_code in texts if text]


def _title(text: str) -> str:
    """Return the beginning of a text on one line."""
    line = " ".join(redacted(text)[: 4 * _TITLE].split())
    return visible(line if len(line) <= _TITLE else f"{line[:_TITLE]}…")


def _is_nan(value: "np.float64") -> bool:
    return bool(value != value)  # noqa: PLR0124  # only NaN does
