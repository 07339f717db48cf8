"""What a judge was asked about problems that go; a folder of judgements is a run of its own."""

import re
from collections.abc import Iterator

from magicoder_gen.generate import journal
from magicoder_gen.paraphrases import JUDGEMENTS
from magicoder_gen.purge.scope import key_of
from magicoder_gen.records import Intent, Seed
from magicoder_gen.storage import jsonl
from magicoder_gen.storage.optouts import Entry
from magicoder_gen.storage.rundir import RunDir

_QUESTION = re.compile(r"First task:\n(`{3,})\n(.*?)\n\1\n\nSecond task:\n", re.DOTALL)


def of(run: RunDir) -> RunDir:
    """Return the run of a run's judgements; its files need not exist."""
    return RunDir(run.folder(JUDGEMENTS), layout=run.layout)


def about(judged: RunDir, problems: frozenset[str] | None) -> frozenset[Entry]:
    """Return the ids of the questions about problems with these keys (None: of all), those asked no longer too."""
    asked = _asked(judged) if problems != frozenset() else ()
    found = {seed.id for seed in asked if problems is None or _problem(seed.text) in problems}
    return frozenset(Entry("id", known) for known in found)


def _asked(judged: RunDir) -> Iterator[Seed]:
    yield from jsonl.read_parts(judged.folder("seeds"), Seed)
    for entry, _, _ in journal.entries(judged.folder("replies")):
        if not isinstance(entry, Intent):
            yield entry.seed


def _problem(question: str) -> str | None:
    """Return the key of the first of two tasks."""
    match = _QUESTION.match(question)
    return key_of(match[2]) if match else None
