"""The `sample` section of the configuration, and what it means once defaults are filled in."""

import logging
import sys
from collections import Counter
from importlib.util import find_spec
from itertools import islice, repeat
from typing import Annotated, Any, Literal

import msgspec

from magicoder_gen import languages
from magicoder_gen.errors import ConfigError, PoorYield
from magicoder_gen.records import Block, Counts, Options, Positive
from magicoder_gen.sample.corpora import faults
from magicoder_gen.sample.corpora.git import Git
from magicoder_gen.sample.corpora.hub import Hub
from magicoder_gen.sample.corpora.local import Local
from magicoder_gen.sample.corpora.stdlib import Stdlib
from magicoder_gen.sample.corpora.tables import Tables
from magicoder_gen.sample.documents import AnyDocuments, Diverse, TwoStage, Uniform
from magicoder_gen.sample.protocols import Quality
from magicoder_gen.sample.quality import presets
from magicoder_gen.sample.quality.benchmark import Benchmarks
from magicoder_gen.sample.quality.duplicates import NearDuplicates
from magicoder_gen.sample.quality.syntax import Syntax
from magicoder_gen.sample.scan import ANY, Rules
from magicoder_gen.sample.shares import in_proportion
from magicoder_gen.sample.strategies.file import File
from magicoder_gen.sample.strategies.lines import Lines
from magicoder_gen.sample.strategies.paper_lines import PaperLines
from magicoder_gen.sample.strategies.spans import Spans
from magicoder_gen.storage import optouts, rundir

AnyCorpus = Stdlib | Local | Git | Tables | Hub
AnyStrategy = Lines | Spans | File | PaperLines
Preset = Literal["default", "strict"]
QUICKSTART_SEEDS = 12

_PRESETS = {"default": presets.DEFAULT, "strict": presets.STRICT, "none": presets.NONE}

logger = logging.getLogger(__name__)


class SampleOptions(Options, frozen=True):
    """Where seeds come from, how many, and which lines of which documents they are.

    `num` seeds in all (null = the sum of `quotas`, or 12). `quotas` are seeds per language; languages take turns,
    and with a smaller `num` each gives its share. A corpus's `weight` is its share of the seeds of each language;
    without weights all corpora are one. `strategy` says which lines of a document, `documents` which documents
    (null = uniform), `quality` what a snippet must fulfil: a list of checks, or a name for one. `default` (which null
    means) is placeholders, secrets, emails, min_code; `strict` is every check; `none` is none. A list may hold a name
    too: `[strict, {type: min_code, tokens: 9}]` is every check, with that one as it says. `paper_lines` brings its own
    choice of documents and no check. A document with a line of more than `max_line_length` characters is minified or
    data, and is left out.
    """

    num: Positive | None = None
    quotas: dict[str, Positive] = {}
    corpora: Annotated[tuple[AnyCorpus, ...], msgspec.Meta(min_length=1)] = (Stdlib(),)
    strategy: AnyStrategy = Lines()
    documents: AnyDocuments | None = None
    quality: tuple[presets.Check | Preset, ...] | Preset | Literal["none"] | None = None
    max_line_length: Positive = 10_000

    def __post_init__(self) -> None:
        weighted = [corpus.weight is not None for corpus in self.corpora]
        if any(weighted) and not all(weighted):
            raise ValueError("give every corpus a weight, or none")
        if isinstance(self.strategy, PaperLines):
            if self.documents is not None or self.quality not in {None, "none", ()}:
                raise ValueError(
                    "paper_lines chooses documents and checks nothing, as published; leave out documents and quality"
                )
            if any(weighted):
                raise ValueError("paper_lines takes the corpora one after the other, as published; leave out weight")
        own = [type(one) for one in self.quality or () if isinstance(one, Block)]
        if len(own) != len(set(own)):
            raise ValueError("quality has two checks of the same type; write one")
        self._check_quotas()
        if isinstance(self.documents, Diverse) and self.documents.pool < max(self.wanted_of().values()):
            raise ValueError(f"documents.pool ({self.documents.pool}) is smaller than the number of seeds")

    def _check_quotas(self) -> None:
        named = [languages.canonical(language) for language in self.quotas]
        twice = next((name for name in named if named.count(name) > 1), None)
        if twice:
            raise ValueError(f"quotas name {twice} twice")
        languages.check(named, key="quotas")

    def wanted(self) -> int:
        """Return how many seeds are wanted in all."""
        quotas = sum(self.quotas.values())
        return min(self.num or quotas, quotas) if quotas else self.num or QUICKSTART_SEEDS

    def shares(self) -> dict[str, int]:
        """Return the quotas, by which languages take turns; of `ANY` all, where there are no quotas."""
        named = {languages.canonical(language): quota for language, quota in self.quotas.items()}
        return named or {ANY: self.wanted()}

    def wanted_of(self) -> dict[str, int]:
        """Return the most seeds that each language can be asked for, in order."""
        return {language: min(quota, self.wanted()) for language, quota in self.shares().items()}

    def split(self) -> dict[str, int]:
        """Return how many of the wanted seeds are of each language, if it has as many."""
        shares, wanted = self.shares(), self.wanted()
        if wanted == sum(shares.values()):
            return shares
        turns = in_proportion([(quota, repeat(language, quota)) for language, quota in shares.items()])
        counts = Counter(islice(turns, wanted))
        return {language: counts[language] for language in shares}

    def checks(self) -> tuple[presets.Check, ...]:
        """Return what a snippet must fulfil; a check of the list takes the place of the same one of a preset."""
        if not isinstance(self.quality, tuple):
            return _PRESETS[self.quality or ("none" if isinstance(self.strategy, PaperLines) else "default")]
        named = [check for one in self.quality if isinstance(one, str) for check in _PRESETS[one]]
        own = [one for one in self.quality if not isinstance(one, str)]
        return tuple({type(check): check for check in (*named, *own)}.values())

    def parsing(self) -> list[str]:
        """Return the keys, with their values, that need the grammars of the extra `code`."""
        strategy = ["strategy: spans"] if isinstance(self.strategy, Spans) else []
        quality = ["quality: syntax"] if any(isinstance(check, Syntax) for check in self.checks()) else []
        return [f"sample.{key}" for key in strategy + quality]

    def check(self) -> None:
        """Raise ConfigError for a key whose packages are not installed."""
        if self.parsing() and find_spec("tree_sitter") is None:
            remedy = 'pip install "magicoder-gen[code]" or choose another'
            raise ConfigError(f"{' and '.join(self.parsing())}: tree-sitter is not installed; {remedy}")

    def chosen_documents(self) -> AnyDocuments:
        """Return which documents become seeds."""
        return self.documents or Uniform()

    def weights(self) -> tuple[float, ...] | None:
        """Return the weight of each corpus, None if they have none."""
        weights = tuple(corpus.weight for corpus in self.corpora if corpus.weight is not None)
        return weights or None

    def near_duplicates(self) -> NearDuplicates | None:
        """Return the check that compares seeds with each other, if there is one."""
        return next((check for check in self.checks() if isinstance(check, NearDuplicates)), None)

    def spare(self) -> int:
        """Return how many candidates per seed are kept at first: some will fall out."""
        return 2 if self.near_duplicates() or self.chosen_documents().max_per_repo else 1

    def rules(self, rng_seed: int, *, spare: int = 1) -> Rules:
        """Return what a process needs to find `spare` candidates per seed, or to try some documents.

        paper_lines is not done that way, but what it can use is what File could.
        """
        strategy = File(max_lines=sys.maxsize) if isinstance(self.strategy, PaperLines) else self.strategy
        documents = self.chosen_documents()
        quality: tuple[Quality, ...] = tuple(check for check in self.checks() if not isinstance(check, NearDuplicates))
        return Rules(
            strategy=strategy,
            quality=quality,
            rng_seed=rng_seed,
            max_line_length=self.max_line_length,
            wanted={language: documents.capacity(spare * num) for language, num in self.wanted_of().items()},
            order=documents.order,
            by_corpus=self.weights() is not None,
            per_repo=documents.max_per_repo,
        )

    def inputs(self, *, rng_seed: int, content: list[Any] | None = None) -> dict[str, Any]:
        """Return everything that decides the seeds; raise ConfigError for a corpus that is not there.

        `content` is what the corpora hold, as their identities tell, where that is known already.
        """
        return {
            **rundir.as_json(self),
            "corpora": [_deciding(corpus) for corpus in self.corpora],
            "num": self.wanted(),
            "documents": rundir.as_json(self.chosen_documents()),
            "quality": [rundir.as_json(check) for check in self.checks()],
            "benchmarks": self._benchmark_digests(),
            "content": self._identities() if content is None else content,
            "rng_seed": rng_seed,
        }

    def _identities(self) -> list[Any]:
        """Return what the corpora hold; raise ConfigError for one that is not there."""
        found = []
        for number, corpus in enumerate(self.corpora):
            with faults.placed(number):
                found.append(corpus.identity())
        return found

    def note_shortfall(self, found: Counter[str]) -> None:
        """Say which language has fewer seeds than its share; `found` counts them."""
        for language, share in self.split().items():
            if language != ANY and found[language] < share:
                logger.warning("sample: %s: %d seeds of %d wanted", language, found[language], share)

    def _benchmark_digests(self) -> dict[str, str]:
        """Return the SHA-256 of the benchmarks that seeds are compared with."""
        found = [check.digests() for check in self.checks() if isinstance(check, Benchmarks)]
        return {name: digest for digests in found for name, digest in digests.items()}

    def titles(self) -> str:
        """Return what messages call the corpora together."""
        return ", ".join(corpus.title() for corpus in self.corpora)

    def _remedy(self) -> str:
        """Return which option lets more documents be chosen, where one limits them."""
        if isinstance(self.documents, Diverse):
            return "; raise sample.documents.pool"
        return "; raise sample.documents.share" if isinstance(self.documents, TwoStage) else ""

    def require_yield(self, counts: Counts, *, was_purged: bool = False) -> None:
        """Raise PoorYield if there is no seed; warn if there are fewer than asked for.

        `was_purged` says that seeds were taken out which `counts` do not know any more.
        """
        wanted = self.wanted()
        if counts.kept >= wanted:
            return
        if counts.kept == 0 and (was_purged or optouts.REASON in counts.reasons):
            raise PoorYield(
                f"no seed of {self.titles()} is left, since {optouts.LEDGER} lists what was purged; "
                "raise sample.num or widen sample.corpora"
            )
        if counts.taken == 0:
            raise PoorYield(f"no document in {self.titles()}; correct paths, languages or include under sample.corpora")
        most = sorted(counts.reasons.items(), key=lambda item: (item[0] != optouts.REASON, -item[1]))
        reasons = ", ".join(f"{reason} {count}" for reason, count in most[:5]) or "no more documents"
        if counts.kept == 0:
            raise PoorYield(
                f"none of {counts.taken} documents in {self.titles()} gave a seed ({reasons}); "
                f"widen sample.corpora or relax sample.strategy and sample.quality{self._remedy()}"
            )
        if was_purged and optouts.REASON not in counts.reasons:
            reasons += f"; what {optouts.LEDGER} lists is not counted"
        found = (wanted, counts.kept, counts.taken, reasons, self._remedy())
        logger.warning("asked for %d seeds, found %d in %d documents (%s)%s", *found)


def _deciding(corpus: AnyCorpus) -> dict[str, Any]:
    """Return a corpus's options without those that decide nothing: its content says what a revision was."""
    left_out = {"revision", "token_env"} if isinstance(corpus, Git | Hub) else set()
    return {key: value for key, value in rundir.as_json(corpus).items() if key not in left_out}
