"""What would go from one run, and what its counts would be then; changes nothing."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec

from magicoder_gen.clean.markers import Markers
from magicoder_gen.generate import journal
from magicoder_gen.generate.plan import NOT_ASKED, NOT_NEEDED, SAME_PROMPT, UNANSWERED
from magicoder_gen.purge import problems, sifting, unanswered
from magicoder_gen.purge.scope import Row, Scope, origin_of, problem_key, prompted
from magicoder_gen.purge.unanswered import Asks
from magicoder_gen.records import Counts, Failure, Intent, Origin, Rejection, Reply, Sample, Seed
from magicoder_gen.sample import checkpoint
from magicoder_gen.storage import jsonl
from magicoder_gen.storage.optouts import REASON, Entry, OptOuts
from magicoder_gen.storage.rundir import RunDir

_KINDS = ("seeds", "requests", "replies", "failures", "samples", "rejections")  # as they are shown
REPLIED = ""  # the end of a prompt that was answered; of others, the kind of failure


class Found:
    """What is found in one run: the scope of what goes, how much that is, and the counts that are left."""

    def __init__(
        self,
        run: RunDir,
        entries: frozenset[Entry],
        *,
        markers: Markers,
        wants_problems: bool,
        asks: Asks | None = None,
    ) -> None:
        """`wants_problems` also finds the problems that nothing has any more; reads all files of records.

        `asks` makes prompts, to tell of whom requests are whose outcome never came.
        """
        self.matched: Counter[Entry] = Counter()
        self.removed = Counter(dict.fromkeys(_KINDS, 0))
        self.cost: float | None = 0.0
        self._run = run
        self._listed = OptOuts(entries)
        self._base = {name: entry.counts for name, entry in run.stages().items() if entry.counts}
        self._left = {name: Counter(counts.reasons) for name, counts in self._base.items()}
        self._gone: Counter[str] = Counter()  # what no stage took in any more, by stage
        self._lost: Counter[str] = Counter()  # what came out and does not any more, by stage
        self.scope = Scope(entries)
        prompts = self._prompts() | unanswered.going(run, self.scope, asks)
        self.scope = Scope(entries, prompts=frozenset(prompts))
        self._ends: dict[tuple[str, int], str] = {}  # of prompts whose outcomes go, by seed and number
        self._inherited: dict[tuple[str, int], None] = {}
        self._outcomes()
        self._seeds()
        rows, gone = self._rows(markers, wants_problems=wants_problems)
        self.scope = msgspec.structs.replace(self.scope, rows=frozenset(rows), problems=frozenset(gone))
        self._aside()

    def counts(self) -> dict[str, Counts]:
        """Return what the stages' counts are when all that goes is gone."""
        return {
            name: Counts(
                base.taken - self._gone[name], base.kept - self._lost[name], dict(sorted((+self._left[name]).items()))
            )
            for name, base in self._base.items()
            if name != "export"
        }

    def forget_problems(self) -> None:
        """Let all vectors and judgements go: nobody can tell of which rows they are."""
        self.scope = msgspec.structs.replace(self.scope, problems=None)

    def _prompts(self) -> set[str]:
        """Return the prompts whose answers go, whatever the reason; of one that was repeated, all of them."""
        found = self._prompts_of_rows()
        repeats: dict[str, str] = {}
        for entry in _outcomes(self._run):
            if entry.redo_of:
                repeats[entry.prompt_id] = entry.redo_of
            if self._listed.covering(entry.seed.origin, entry.seed.id, entry.prompt_id, entry.redo_of):
                found.add(entry.prompt_id)
        first = {repeats.get(prompt, prompt) for prompt in found}
        return first.union(prompt for prompt, repeated in repeats.items() if repeated in first)

    def _prompts_of_rows(self) -> set[str]:
        """Return the prompts of rows that are listed by id; of rows made elsewhere, whose ids may be shared, none."""
        if not any(entry.kind == "id" for entry in self._listed.entries) or not journal.exists(self._folder("replies")):
            return set()
        return {row.prompt_id for row in self._heads() if self._listed.covering(_NOWHERE, row.id)}

    def _heads(self) -> Iterator[Row]:
        for folder in ("samples", "rejections"):
            yield from jsonl.read_parts(self._folder(folder), Row)

    def _folder(self, name: str) -> Path:
        return self._run.folder(name)

    def _outcomes(self) -> None:
        """Count what goes from the journal."""
        if not self.scope.prompts:
            return
        for entry, _, _ in journal.entries(self._folder("replies")):
            if not self.scope.covers(entry):
                continue
            if isinstance(entry, Intent):
                self.removed["requests"] += 1
                continue
            self._match(entry.seed.origin, entry.seed.id, entry.prompt_id, entry.redo_of)
            if isinstance(entry, Reply):
                self.removed["replies"] += 1
                self.cost = None if self.cost is None or entry.cost is None else self.cost + entry.cost
            else:
                self.removed["failures"] += 1
            if entry.redo_of is None:
                self._ends[entry.seed.id, entry.number] = REPLIED if isinstance(entry, Reply) else entry.kind
                if self.scope.covers_seed(entry.seed):
                    self._inherited[prompted(entry.seed), entry.number] = None

    def _match(self, origin: Origin, *ids: str | None) -> None:
        self.matched.update(self._listed.covering(origin, *ids))

    def _seeds(self) -> None:
        """Count what goes from the seeds, and what that means for the prompts; find those that share prompts."""
        heirs: dict[str, Seed] = {}
        inherited = {key for key, _ in self._inherited}
        twins = self._twins()
        for line, seed in enumerate(jsonl.read_parts(self._folder("seeds"), Seed)):
            if self.scope.covers_seed(seed):
                self.removed["seeds"] += 1
                self._match(seed.origin, seed.id)
                self._gone["sample"] += 1
                self._lost["sample"] += 1
                self._unasked(seed, line, twins)
            elif (key := prompted(seed)) in inherited:
                heirs.setdefault(key, seed)
            else:
                self._replaced(seed)
        self.scope = msgspec.structs.replace(self.scope, heirs=heirs)
        for key, _ in self._inherited:
            if key in heirs:
                self._move("generate", SAME_PROMPT, REASON)

    def _twins(self) -> Counter[str]:
        """Return how many seeds ask each prompt, where some share one."""
        counts = self._base.get("generate")
        if not counts or not counts.reasons.get(SAME_PROMPT):
            return Counter()
        return Counter(map(prompted, jsonl.read_parts(self._folder("seeds"), Seed)))

    def _answers(self) -> int:
        """Return how many answers each seed was to have."""
        entry = self._run.stages().get("generate")
        return int(entry.inputs.get("answers_per_seed", 1)) if entry else 1

    def _unasked(self, seed: Seed, line: int, twins: Counter[str]) -> None:
        """Take the prompts of a seed that goes out of the counts."""
        counts, answers = self._base.get("generate"), self._answers()
        if counts is None or line >= counts.taken // answers:
            return
        for number in range(answers):
            end = self._ends.get((seed.id, number))
            if end is None:
                end = self._without_outcome(is_shared=twins[prompted(seed)] > 1)
            self._gone["generate"] += 1
            self._end("generate", end)

    def _without_outcome(self, *, is_shared: bool) -> str:
        """Return as what a prompt without an outcome was counted."""
        usual = (NOT_NEEDED, NOT_ASKED, UNANSWERED, SAME_PROMPT)
        order = (SAME_PROMPT, *usual) if is_shared else usual
        return next((reason for reason in order if self._left["generate"][reason] > 0), NOT_ASKED)

    def _replaced(self, seed: Seed) -> None:
        """Count answers that go although their seed stays as opted out."""
        for number in range(self._answers()) if self._ends and "generate" in self._base else ():
            end = self._ends.get((seed.id, number))
            if end is not None:
                self._end("generate", end)
                self._left["generate"][REASON] += 1

    def _end(self, stage: str, end: str) -> None:
        """Take one that ended so out of the counts."""
        if end == REPLIED:
            self._lost[stage] += 1
        else:
            self._left[stage][end] -= 1

    def _move(self, stage: str, before: str, after: str) -> None:
        if stage in self._left and self._left[stage][before] > 0:
            self._left[stage][before] -= 1
            self._left[stage][after] += 1

    def _rows(self, markers: Markers, *, wants_problems: bool) -> tuple[set[str], set[str]]:
        """Count what goes from samples and rejections; return its ids, and the keys of problems that go with it.

        An id that a sample that stays has too is that sample's: rows made elsewhere may share one.
        """
        ids: set[str] = set()
        kept: set[str] = set()
        going: set[str] = set()
        staying: set[str] = set()
        for folder, row in self._every(with_texts=wants_problems):
            goes = self.scope.covers_row(row)
            if goes:
                ids.update(filter(None, [row.id]))
                self._row(folder, row)
            elif folder == "samples" and row.id:
                kept.add(row.id)
            problem = problems.of_row(row, markers) if wants_problems else None
            if problem is not None:
                (going if goes else staying).add(problem_key(problem))
        if wants_problems:
            self._answered(markers, going, staying)
        return ids - kept, going - staying

    def _answered(self, markers: Markers, going: set[str], staying: set[str]) -> None:
        """Add the problems of answers: there may be no rows yet of what was embedded and judged."""
        for entry in _outcomes(self._run):
            problem = problems.of_reply(entry, markers) if isinstance(entry, Reply) else None
            if problem is not None:
                (going if self.scope.covers(entry) else staying).add(problem_key(problem))

    def _every(self, *, with_texts: bool) -> Iterator[tuple[str, Row | Sample | Rejection]]:
        """Yield samples, then rejections, with their folder; `with_texts` decodes all of a sample."""
        samples: Iterator[Row | Sample]
        samples = jsonl.read_parts(self._folder("samples"), Sample if with_texts else Row)
        for sample in samples:
            yield "samples", sample
        for rejection in jsonl.read_parts(self._folder("rejections"), Rejection):
            yield "rejections", rejection

    def _row(self, folder: str, row: Row | Rejection | Sample) -> None:
        self.removed[folder] += 1
        self._match(origin_of(row), row.seed.id, row.prompt_id, row.id)
        if "clean" not in self._base:
            return
        self._gone["clean"] += 1
        self._end("clean", f"{row.check}:{row.reason}" if isinstance(row, Rejection) else REPLIED)

    def _aside(self) -> None:
        """Count what only lies beside: torn tails that may hold something that goes, and how far sampling came."""
        tails = sifting.tails(self._folder("replies"))
        if tails:
            stays = sifting.untouched(self._run, self.scope)
            self.removed["torn tails"] = sum(not sifting.is_harmless(tail, stays) for tail in tails)
        self.removed["sampling progress"] = int((self._folder("seeds") / checkpoint.FILE).is_file())
        self.removed = +self.removed


_NOWHERE = Origin("")


def _outcomes(run: RunDir) -> Iterator[Reply | Failure]:
    for entry, _, _ in journal.entries(run.folder("replies")):
        if not isinstance(entry, Intent):
            yield entry
