"""Categories told by meaning, as in the paper: sentence embeddings of what is asked for, and of a few phrases each.

The paper compares each sample with the names of its categories; a few phrases a category are nearer to what people
mean by them (docs/categories.md). Source: Wei et al., Magicoder, 2023, section 4 and figure 6.
"""

import logging
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from magicoder_gen.amounts import dollars, number_of
from magicoder_gen.categories.names import NAMES, OTHERS
from magicoder_gen.embeddings import AnyEmbeddings
from magicoder_gen.embeddings.cache import FOLDER, Bill, Cache
from magicoder_gen.embeddings.onnx import Onnx
from magicoder_gen.records import Block, Progress, Sample
from magicoder_gen.storage import jsonl
from magicoder_gen.storage.rundir import RunDir

if TYPE_CHECKING:
    import numpy as np

logger = logging.getLogger("magicoder_gen")

_EXACTNESS = 6  # decimals of a cosine, which is the same then however rows are multiplied
PHRASES = {
    "Algorithmic and Data Structure": (
        "sort, search or filter a list",
        "binary tree, graph or linked list",
        "stack, queue or heap",
        "look up a key in a dictionary",
        "recursion and dynamic programming",
        "count or remove elements of an array",
        "find a substring or a palindrome",
    ),
    "Mathematical and Computational": (
        "arithmetic on numbers",
        "prime numbers and divisors",
        "matrix and vector algebra",
        "geometry, angles and distances",
        "polynomials, derivatives and integrals",
        "probability and random numbers",
        "rounding and comparing floating-point numbers",
        "trigonometric functions",
    ),
    "Database and SQL": (
        "SQL query",
        "database connection",
        "tables and columns of a database",
        "insert, update or fetch records",
        "transactions and schema migrations",
        "storage of keys and values",
    ),
    "System Design and Architecture": (
        "plugins and modules",
        "interface and abstract class",
        "design pattern such as factory, observer or registry",
        "configuration of a system",
        "microservices, containers and deployment",
        "message bus and events",
        "logging and error handling",
    ),
    "Security and Cryptography": (
        "encryption and decryption",
        "password validation",
        "login, authentication and tokens",
        "user permissions and access control",
        "SSL certificates and signatures",
        "cryptographic hash",
    ),
    "Performance Optimization": (
        "threads, locks and mutexes",
        "parallel or concurrent execution",
        "memory pool and allocation",
        "GPU kernels and SIMD instructions",
        "make code faster",
        "caching of results",
    ),
    "Web": (
        "HTTP requests and responses",
        "URLs and links",
        "HTML and CSS of a web page",
        "web server and REST API",
        "cookies and sessions of a browser",
        "websocket connections",
    ),
    OTHERS: (
        "C++ types and templates",
        "operating system and devices",
        "compiler, interpreter and byte code",
        "text encodings and Unicode",
        "audio, music and video",
        "physical units and science",
        "installing and packaging software",
        "files, paths and command lines",
    ),
    "User Interface and Application Design": (
        "buttons, menus and dialogs",
        "window of an application",
        "drawing shapes on the screen",
        "layout and styles of widgets",
        "clicks and keyboard events",
        "text on a terminal in color",
    ),
    "Data Science and Machine Learning": (
        "neural network layer",
        "train a model",
        "tensors in PyTorch or TensorFlow",
        "data set and data frame",
        "statistics, regression and clustering",
        "plot of data",
        "configuration of a transformer model",
    ),
}


class Sentences(Block, frozen=True):
    """Sentence embeddings: the category of which a phrase is nearest to the problem, by cosine.

    Below `threshold` a sample is Domain Specific. Vectors are kept in RUN/embeddings, where `clean` finds and leaves
    them too: nothing is embedded, and paid, twice.
    """

    embeddings: AnyEmbeddings = Onnx()
    threshold: Annotated[float, msgspec.Meta(ge=-1, le=1)] = 0.2

    def method(self) -> str:
        """Return how categories are told, for people."""
        return f"sentence embeddings by {self.embeddings.title()}, cosine with phrases from {self.threshold:g}"

    def identity(self) -> dict[str, Any]:
        """Return what decides the categories beside the samples, as JSON."""
        model = self.embeddings.identity()
        return {"type": "sentences", "embeddings": model, "phrases": PHRASES, "threshold": self.threshold}

    def check(self) -> None:
        """Raise ConfigError or NotAuthorised for what is missing, before anything is done."""
        self.embeddings.check()

    def told(self, run: RunDir, progress: Progress) -> "np.ndarray":
        """Return the place in NAMES (uint8) of the category of each sample of a run, in order.

        Raises what the model and its limits raise; the same command goes on from there.
        """
        import numpy as np

        total = sum(1 for _ in jsonl.read_parts(run.folder("samples"), Sample))
        problems = (sample.problem for sample in jsonl.read_parts(run.folder("samples"), Sample))
        with Cache(run.folder(FOLDER), self.embeddings) as cache:
            before = cache.bill()
            phrases = _phrases(cache)
            rows = cache.announced(problems, what="problem", total=total, progress=progress)
            found = [np.zeros(0, np.uint8), *(self._nearest(vectors, phrases) for vectors in rows)]
            _tell(before, cache.bill())
        return np.concatenate(found)

    def _nearest(self, vectors: "np.ndarray", phrases: "np.ndarray") -> "np.ndarray":
        """Return the places (uint8) of the categories of some problems, by their vectors."""
        import numpy as np

        owners = np.repeat(np.arange(len(NAMES)), [len(PHRASES[name]) for name in NAMES])
        cosines = np.round(vectors.astype(np.float64) @ phrases.T, _EXACTNESS)
        best = np.where(cosines.max(axis=1) >= self.threshold, owners[cosines.argmax(axis=1)], NAMES.index(OTHERS))
        return best.astype(np.uint8)


def _phrases(cache: Cache) -> "np.ndarray":
    """Return the vectors (float64) of all phrases, in the order of NAMES."""
    import numpy as np

    return np.concatenate(list(cache.vectors([phrase for name in NAMES for phrase in PHRASES[name]]))).astype(float)


def _tell(before: Bill, after: Bill) -> None:
    """Say what was embedded, and what it came to."""
    if after.texts == before.texts:
        return
    cost = dollars(after.cost - before.cost if after.is_priced else None)
    logger.info(
        "embedded: %s, %s tokens, %s",
        number_of(after.texts - before.texts, "text"),
        f"{after.tokens - before.tokens:,}",
        cost,
    )
