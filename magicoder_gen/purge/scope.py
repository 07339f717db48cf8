"""What of one run goes: by what was listed, and by what descends from it."""

from hashlib import blake2b
from typing import Any

import msgspec

from magicoder_gen.embeddings.protocols import shown
from magicoder_gen.generate.journal import Entry as Journaled
from magicoder_gen.records import Failure, Intent, Origin, Record, Rejection, Reply, Sample, Seed
from magicoder_gen.storage.optouts import REASON, Entry, OptOuts


class SeedHead(Record, frozen=True, gc=False):
    """What of a seed tells whether it goes."""

    id: str
    origin: Origin


class Row(Record, frozen=True):
    """What of a sample or rejection tells whether it goes."""

    prompt_id: str
    seed: SeedHead
    id: str | None = None


class Scope(Record, frozen=True):
    """What goes: `prompts`, their repetitions with more tokens among them, and `rows`, by id; texts by their key.

    `problems` is None where nobody can tell which texts stay, so that all go. `heirs` are seeds that stay although
    their text and language, and so their prompts, are those of one that goes.
    """

    entries: frozenset[Entry]
    prompts: frozenset[str] = frozenset()
    rows: frozenset[str] = frozenset()
    problems: frozenset[str] | None = frozenset()
    heirs: dict[str, Seed] = {}

    def covers_seed(self, seed: Seed | SeedHead) -> bool:
        """Whether a seed goes."""
        return bool(OptOuts(self.entries).covering(seed.origin, seed.id))

    def covers_row(self, row: Row | Sample | Rejection) -> bool:
        """Whether a sample or rejection goes."""
        listed = OptOuts(self.entries).covering(origin_of(row), row.seed.id, row.prompt_id, row.id)
        return bool(listed) or row.prompt_id in self.prompts

    def covers(self, entry: Journaled) -> bool:
        """Whether a line of the journal goes; what an earlier purge left in the place of an answer does not."""
        if isinstance(entry, Intent):
            return entry.prompt_id in self.prompts
        if self.covers_seed(entry.seed):
            return True
        asked = {entry.prompt_id, entry.redo_of} & self.prompts
        return bool(asked) and not is_placeholder(entry)

    def placeholder(self, entry: Reply | Failure) -> Failure | None:
        """Return what stands in the place of an outcome that goes, so that its prompt is not asked again.

        None where no seed that stays asks it.
        """
        goes = self.covers_seed(entry.seed)
        seed = self.heirs.get(prompted(entry.seed)) if goes else entry.seed
        if seed is None:
            return None
        prompt_id = entry.redo_of or entry.prompt_id
        return Failure(prompt_id, seed, REASON, "", final=True, number=entry.number, at=entry.at)


def origin_of(row: Row | Sample | Rejection) -> Origin:
    """Return where a row comes from: of one made elsewhere that is no row, what its text says of it."""
    origin = row.seed.origin
    if not isinstance(row, Rejection) or row.check != "row" or row.text is None:
        return origin
    try:
        said = msgspec.json.decode(row.text)
    except (msgspec.DecodeError, RecursionError):
        return origin
    return msgspec.structs.replace(origin, **_named(said)) if isinstance(said, dict) else origin


def _named(said: dict[str, Any]) -> dict[str, str]:
    return {name: said[name] for name in ("repo", "path", "revision", "swhid") if isinstance(said.get(name), str)}


def is_placeholder(entry: Journaled) -> bool:
    """Whether a line of the journal stands in the place of an answer that was purged."""
    return isinstance(entry, Failure) and entry.kind == REASON


def prompted(seed: Seed) -> str:
    """Return what is the same for seeds that make the same prompts."""
    return key_of(f"{seed.language}\0{seed.text}")


def problem_key(problem: str) -> str:
    """Return the key of a problem, as a cache of vectors has it."""
    return key_of(shown(problem))


def key_of(text: str) -> str:
    """Return a digest of a text."""
    return blake2b(text.encode("utf-8", "replace"), digest_size=16).hexdigest()
