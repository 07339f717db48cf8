"""One portion of replies or rows: parsed, checked, searched for benchmark texts. The work that processes share."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from magicoder_gen import ngrams
from magicoder_gen.clean import exact, inputs, near
from magicoder_gen.clean.checks import protocol
from magicoder_gen.clean.checks.protocol import Verdict
from magicoder_gen.clean.columns import GRAMS, SIZES
from magicoder_gen.clean.exact import Key
from magicoder_gen.clean.options import CleanOptions
from magicoder_gen.clean.parse import Sections, parse
from magicoder_gen.clean.portions import Lines, Portion
from magicoder_gen.credentials import masked
from magicoder_gen.fingerprint import digest
from magicoder_gen.records import Record, Rejection, Reply, Sample
from magicoder_gen.storage import optouts
from magicoder_gen.storage.optouts import OptOuts

if TYPE_CHECKING:
    import numpy as np

_SHOWN = 200  # characters of evidence


class Aside(Record, frozen=True, omit_defaults=True):
    """What only a rejection of the sample would need: its raw text if it had one, and what is held against it.

    Where duplicates come first, as in the paper, a benchmark's text is.
    """

    text: str | None = None
    verdict: Verdict | None = None


_NONE = Aside()
_NOTHING = msgspec.json.encode(_NONE)


class Screened(Record, frozen=True, eq=False):
    """What a portion gave, in order: encoded samples and rejections.

    `asides` has one entry a sample, `columns` one row a sample: what duplicates are found by. `left_out` rows are in
    none of these: they were purged before.
    """

    lines: list[bytes]
    is_sample: bytes
    asides: list[bytes]
    reasons: dict[str, int]
    columns: dict[str, Any]
    left_out: int = 0


class Screen(Record, frozen=True):
    """Screens portions, each row for itself; those that were purged before are no rows."""

    options: CleanOptions
    opted_out: OptOuts = optouts.NONE

    def __call__(self, portion: Portion) -> Screened:
        """Return what a portion gave."""
        every = list(self._drafts(portion))
        wanted = [pair for pair in every if not self._is_opted_out(pair[0])]
        drafts = [self._checked(draft, text) for draft, text in wanted]
        samples = [draft for draft, _ in drafts if isinstance(draft, Sample)]
        compares = self.options.near or self.options.decontaminate.tiers()
        words = ngrams.words([joined(sample) for sample in samples] if compares else [])
        found = dict(self.options.decontaminate.find(words))
        screened = self._assembled(drafts, words, found)
        return msgspec.structs.replace(screened, left_out=len(every) - len(wanted))

    def _is_opted_out(self, draft: Sample | Rejection) -> bool:
        """Whether a row was purged before, and is read again from where it came from."""
        return bool(self.opted_out.covering(draft.seed.origin, draft.seed.id, draft.prompt_id, draft.id))

    def _drafts(self, portion: Portion) -> Iterator[tuple[Sample | Rejection, str | None]]:
        """Yield each row with its raw text; None where that is problem and solution."""
        if isinstance(portion, Lines):
            for line, place in zip(portion.lines, portion.places, strict=True):
                yield inputs.draft(line, place, portion.columns), None
            return
        for reply in msgspec.msgpack.decode(portion.packed, type=list[Reply]):
            sections = parse(reply, self.options.markers)
            if isinstance(sections, str):
                yield Rejection(reply.prompt_id, reply.seed, reply.text, "parse", sections, {}), reply.text
            else:
                yield _sample(reply, sections), reply.text

    def _checked(self, draft: Sample | Rejection, text: str | None) -> tuple[Sample | Rejection, str | None]:
        """Apply the checks: the first that drops decides, those that flag add a label."""
        if isinstance(draft, Rejection):
            return draft, text
        labels = dict(draft.labels)
        for check in self.options.checks:
            verdict = check.judge(draft)
            if verdict and check.action == "drop":
                return rejection(draft, text, protocol.name(check), verdict), text
            if verdict:
                labels[protocol.name(check)] = verdict.reason
        return (msgspec.structs.replace(draft, labels=labels) if labels != draft.labels else draft), text

    def _assembled(
        self,
        drafts: list[tuple[Sample | Rejection, str | None]],
        words: ngrams.Words,
        found: dict[int, Verdict],
    ) -> Screened:
        """Decide over benchmark texts; put together what goes on: lines, counts, columns of the samples that do."""
        encode = msgspec.json.encode
        lines, kinds, asides = [], bytearray(), []
        reasons: Counter[str] = Counter()
        kept: list[tuple[int, Sample]] = []
        number = -1
        for draft, text in drafts:
            line = draft
            if isinstance(draft, Sample):
                number += 1
                verdict = found.get(number)
                line, aside = self._decontaminated(draft, text, verdict)
                if isinstance(line, Sample):
                    kept.append((number, line))
                    asides.append(_NOTHING if aside is _NONE else encode(aside))
            if isinstance(line, Rejection):
                reasons[f"{line.check}:{line.reason}"] += 1
            lines.append(encode(line))
            kinds.append(isinstance(line, Sample))
        return Screened(lines, bytes(kinds), asides, dict(reasons), self._columns(kept, words))

    def _decontaminated(
        self, sample: Sample, text: str | None, verdict: Verdict | None
    ) -> tuple[Sample | Rejection, Aside]:
        if verdict is None:
            return sample, Aside(text) if text is not None else _NONE
        verdict = quoting(verdict, joined(sample))
        if self.options.decontaminate.drops(verdict):
            if self.options.keep == "paper":
                return sample, Aside(text, verdict)
            return rejection(sample, text, "decontaminate", verdict), Aside()
        return contaminated(sample, verdict), Aside(text)

    def _compared(self, sample: Sample, key: Key) -> str | None:
        """Return the text of a key; a blank seed is none, but for the paper's program."""
        text = exact.text(sample, key)
        return None if key == "seed" and self.options.keep != "paper" and not (text or "").strip() else text

    def _columns(self, kept: list[tuple[int, Sample]], words: ngrams.Words) -> dict[str, Any]:
        """Return a row a sample for each column of `columns.types`."""
        import numpy as np

        samples = [sample for _, sample in kept]
        ids = b"".join(bytes.fromhex(sample.id) for sample in samples)
        found: dict[str, Any] = {
            "id": np.frombuffer(ids, ">u8").reshape(-1, 2),
            "rest": _hashed(map(_rest, samples)),
            "seed": _hashed(f"{sample.seed.id} {sample.seed.index}" for sample in samples),
            "flags": np.array([min(255, len(sample.labels)) for sample in samples], np.uint8),
        }
        for key in self.options.exact_keys():
            digests = b"".join(exact.digest(self._compared(sample, key)) for sample in samples)
            found[f"exact_{key}"] = np.frombuffer(digests, ">u8").reshape(-1, 2)
        if self.options.near:
            found |= _near(self.options.near, words, np.array([number for number, _ in kept], np.int64))
        return found


def _rest(sample: Sample) -> str:
    """Return what tells samples of the same id apart, so that their order cannot decide which of them stays."""
    return "\0".join((sample.seed.language, sample.model, sample.seed.text, *filter(None, [sample.system_fingerprint])))


def _hashed(texts: Iterable[str]) -> "np.ndarray":
    import numpy as np
    import xxhash

    return np.array([xxhash.xxh3_64_intdigest(text.encode()) for text in texts], np.uint64)


def _near(options: near.Near, words: ngrams.Words, rows: "np.ndarray") -> dict[str, Any]:
    sets = near.chosen(near.sets(words), rows)
    bands = near.bands(sets, options)
    each = {f"band_{band:02d}": bands[:, band] for band in range(bands.shape[1])}
    return {SIZES: sets.sizes, GRAMS: sets.grams, **each}


def joined(sample: Sample) -> str:
    """Return the text in which benchmark texts and near duplicates are looked for; spans count in it."""
    return f"{sample.problem}\n\n{sample.solution}"


def rejection(sample: Sample, text: str | None, check: str, verdict: Verdict) -> Rejection:
    """Return why a sample does not stay; `text` is its raw reply, None where it never had one."""
    raw = joined(sample) if text is None else text
    return Rejection(sample.prompt_id, sample.seed, raw, check, verdict.reason, verdict.evidence, sample.id)


def contaminated(sample: Sample, verdict: Verdict) -> Sample:
    """Return the sample with labels that say which benchmark's item it may hold, and how surely."""
    label = f"{verdict.reason}/{verdict.evidence['item']}"
    labels = {**sample.labels, "contaminated": label, "contaminated_score": verdict.evidence["score"]}
    return msgspec.structs.replace(sample, labels=labels)


def quoting(verdict: Verdict, text: str) -> Verdict:
    """Add the beginning of the span that was found, without secrets: cut in two, none is known by its shape."""
    start, end = verdict.evidence["start"], verdict.evidence["end"]
    assert isinstance(start, int)
    assert isinstance(end, int)
    return Verdict(verdict.reason, {**verdict.evidence, "text": masked(text)[start : min(end, start + _SHOWN)]})


def _sample(reply: Reply, sections: Sections) -> Sample:
    return Sample(
        digest([reply.prompt_id, sections.problem, sections.solution]),
        reply.prompt_id,
        reply.seed,
        sections.problem,
        sections.solution,
        reply.model,
        {"second_pair": True} if sections.second_pair else {},
        reply.system_fingerprint,
    )
