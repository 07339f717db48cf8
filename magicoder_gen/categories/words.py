"""Categories told by words that are typical of each: nothing to fetch, nothing to pay, and rough.

A sample belongs to the category whose words have the highest TF-IDF cosine with it, among all samples of the run; one
that none comes near is Domain Specific. docs/categories.md says how often that is right.
"""

from itertools import islice
from typing import TYPE_CHECKING, Any

from magicoder_gen.categories import terms
from magicoder_gen.categories.names import NAMES, OTHERS
from magicoder_gen.categories.terms import Counted, Space
from magicoder_gen.records import Block, Progress, Sample
from magicoder_gen.storage import jsonl
from magicoder_gen.storage.rundir import RunDir

if TYPE_CHECKING:
    import numpy as np

LEAST = 0.02
"""The cosine from which a category is believed."""
_PORTION = 1000  # samples

WORDS = {
    "Algorithmic and Data Structure": (
        "algorithm array arrays list lists linked node nodes tree binary graph stack queue heap sort sorted "
        "sorting search recursion recursive traversal path shortest dynamic programming subsequence substring "
        "palindrome merge index element elements duplicates permutations hash hashmap dictionary filter count "
        "remove find"
    ),
    "Mathematical and Computational": (
        "math mathematical number numbers integer integers sum product prime factorial fibonacci equation "
        "polynomial matrix vector vectors geometry distance angle triangle circle area probability numerical "
        "integration derivative gcd divisor modulo sqrt float decimal calculate arithmetic divisors algebra "
        "angles distances polynomials derivatives integrals random rounding floating point trigonometric "
        "functions"
    ),
    "Database and SQL": (
        "database databases sql query queries table tables column columns schema insert select join where sqlite "
        "mysql postgres postgresql mongodb orm migration transaction record records repository primary key "
        "foreign cursor commit rollback connection update fetch transactions migrations storage keys values"
    ),
    "System Design and Architecture": (
        "system architecture design component components module service services microservice interface "
        "interfaces abstract factory singleton pattern patterns dependency injection plugin configuration event "
        "events message bus broker lifecycle framework container deployment distributed cluster logging logger "
        "plugins modules class observer registry microservices containers error handling"
    ),
    "Security and Cryptography": (
        "security secure encryption encrypt decrypt cipher aes rsa key keys hash sha256 password passwords token "
        "tokens authentication authorization permission permissions login signature certificate ssl tls "
        "vulnerability injection sanitize salt jwt oauth credentials decryption validation access certificates "
        "signatures cryptographic"
    ),
    "Performance Optimization": (
        "performance optimize optimized optimization efficient efficiency fast faster speed cache caching cached "
        "memory parallel concurrent concurrency thread threads threading multithreaded async asynchronous lock "
        "latency throughput benchmark profile profiling vectorized batch pool gpu cuda simd locks mutexes "
        "execution allocation kernels"
    ),
    "Web": (
        "web http https server client request requests response responses url urls api rest endpoint endpoints "
        "html css javascript browser cookie session route routes router middleware controller django flask "
        "express json ajax fetch website page pages header headers laravel links cookies sessions websocket "
        "connections"
    ),
    OTHERS: "",
    "User Interface and Application Design": (
        "user interface ui gui button buttons window widget widgets view views layout screen menu dialog click "
        "event listener render component react vue angular swiftui uikit viewcontroller android activity form "
        "input text label color animation canvas mouse keyboard display menus dialogs application drawing shapes "
        "styles clicks events terminal"
    ),
    "Data Science and Machine Learning": (
        "data dataset datasets dataframe pandas numpy model models train training trained learning neural network "
        "layer layers tensor tensorflow pytorch torch keras sklearn classifier classification regression "
        "prediction predict accuracy loss epoch feature features cluster plot matplotlib statistics mean tensors "
        "clustering transformer"
    ),
}


class Words(Block, frozen=True):
    """TF-IDF: the category whose typical words, from a fixed list, are nearest to problem and solution."""

    def method(self) -> str:
        """Return how categories are told, for people."""
        return "TF-IDF cosine with typical words"

    def identity(self) -> dict[str, Any]:
        """Return what decides the categories beside the samples, as JSON."""
        return {"type": "words", "words": WORDS, "least": LEAST}

    def check(self) -> None:
        """Do nothing: nothing can be missing."""

    def told(self, run: RunDir, progress: Progress) -> "np.ndarray":
        """Return the place in NAMES (uint8) of the category of each sample of a run, in order."""
        samples = jsonl.read_parts(run.folder("samples"), Sample)
        parts, done = [], 0
        while portion := list(islice(samples, _PORTION)):
            parts.append(terms.count([f"{sample.problem} {sample.solution}" for sample in portion]))
            done += len(portion)
            progress.update(done)
        texts = terms.joined(parts)
        return classified(terms.space(texts, described()), texts)


def described() -> Counted:
    """Return the words of each category, in the order of NAMES."""
    return terms.count([WORDS[name] for name in NAMES])


def classified(space: Space, texts: Counted) -> "np.ndarray":
    """Return the place in NAMES (uint8) of each text's category; `space` knows the words."""
    import numpy as np

    found = [np.zeros(0, np.uint8)]
    for cosines in terms.cosines(space, texts, described()):
        best = np.where(cosines.max(axis=1) >= LEAST, cosines.argmax(axis=1), NAMES.index(OTHERS))
        found.append(best.astype(np.uint8))
    return np.concatenate(found)
