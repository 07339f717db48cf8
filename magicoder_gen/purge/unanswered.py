"""Requests without an outcome, of which the journal says only the prompt's id: which were about seeds that go."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from magicoder_gen.generate import recipes
from magicoder_gen.generate.index import Index
from magicoder_gen.generate.options import GenerateOptions
from magicoder_gen.purge.scope import Scope, prompted
from magicoder_gen.records import Seed
from magicoder_gen.storage import jsonl
from magicoder_gen.storage.rundir import RunDir

Asks = Callable[[Seed], Iterable[str]]  # the ids of the prompts that a seed makes


def asking(options: GenerateOptions) -> Asks:
    """Return what makes the prompts of a seed, those that ask for a longer answer among them; raise ConfigError."""
    ask = options.asker(options.teacher.sampling())

    def ids(seed: Seed) -> Iterator[str]:
        for number in range(options.answers_per_seed):
            prompt = ask(seed, number)
            yield prompt.id
            if options.redo_truncated:
                yield recipes.with_more_tokens(prompt, options.redo_truncated).id

    return ids


def going(run: RunDir, scope: Scope, asks: Asks | None) -> set[str]:
    """Return the prompts that only seeds that go ask: by the plan of the run, and where it says nothing by `asks`.

    Where no seed stays these are all. Others may have been paid for seeds that stay, and go on to count.
    """
    with Index.reading(run.folder("replies")) as index:
        waiting = set(index.open)
        query = "SELECT prompt, seed FROM plan WHERE prompt = ?"
        planned = dict(row for prompt in waiting for row in index.rows(query, prompt))
    if not waiting:
        return set()
    seeds, stays = _seeds(run, scope)
    if seeds and not stays:
        return waiting
    indexes = {seed.index for seed in seeds}
    found = {prompt for prompt, seed in planned.items() if seed in indexes}
    unknown = waiting - planned.keys()
    return found | (unknown.intersection(chain.from_iterable(map(asks, seeds))) if asks and unknown else set())


def _seeds(run: RunDir, scope: Scope) -> tuple[list[Seed], bool]:
    """Return the seeds that go and share their prompts with none that stays, and whether any stays."""
    gone: list[Seed] = []
    staying: set[str] = set()
    for seed in jsonl.read_parts(run.folder("seeds"), Seed):
        if scope.covers_seed(seed):
            gone.append(seed)
        else:
            staying.add(prompted(seed))
    return [seed for seed in gone if prompted(seed) not in staying], bool(staying)
