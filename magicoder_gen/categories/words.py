"""What samples are about: the paper's ten categories, each told by words that are typical of it.

A row belongs to the category whose words have the highest TF-IDF cosine with it; one that none comes near is Domain
Specific. The paper compares sentence embeddings instead (section 4 and figure 6): shares of the two do not compare.
"""

from typing import TYPE_CHECKING

from magicoder_gen.categories import terms
from magicoder_gen.categories.terms import Counted, Space

if TYPE_CHECKING:
    import numpy as np

METHOD = "TF-IDF cosine with typical words"
OTHERS = "Domain Specific"
LEAST = 0.02
"""The cosine from which a category is believed."""

WORDS = {
    "Algorithmic and Data Structure": (
        "algorithm array arrays list lists linked node nodes tree binary graph stack queue heap sort sorted sorting "
        "search recursion recursive traversal path shortest dynamic programming subsequence substring palindrome "
        "merge index element elements duplicates permutations hash hashmap dictionary"
    ),
    "Mathematical and Computational": (
        "math mathematical number numbers integer integers sum product prime factorial fibonacci equation polynomial "
        "matrix vector vectors geometry distance angle triangle circle area probability numerical integration "
        "derivative gcd divisor modulo sqrt float decimal calculate arithmetic"
    ),
    "Database and SQL": (
        "database databases sql query queries table tables column columns schema insert select join where sqlite "
        "mysql postgres postgresql mongodb orm migration transaction record records repository primary key foreign "
        "cursor commit rollback"
    ),
    "System Design and Architecture": (
        "system architecture design component components module service services microservice interface interfaces "
        "abstract factory singleton pattern patterns dependency injection plugin configuration event events message "
        "bus broker lifecycle framework container deployment distributed cluster logging logger"
    ),
    "Security and Cryptography": (
        "security secure encryption encrypt decrypt cipher aes rsa key keys hash sha256 password passwords token "
        "tokens authentication authorization permission permissions login signature certificate ssl tls vulnerability "
        "injection sanitize salt jwt oauth credentials"
    ),
    "Performance Optimization": (
        "performance optimize optimized optimization efficient efficiency fast faster speed cache caching cached "
        "memory parallel concurrent concurrency thread threads threading multithreaded async asynchronous lock "
        "latency throughput benchmark profile profiling vectorized batch pool gpu cuda simd"
    ),
    "Web": (
        "web http https server client request requests response responses url urls api rest endpoint endpoints html "
        "css javascript browser cookie session route routes router middleware controller django flask express "
        "json ajax fetch website page pages header headers laravel"
    ),
    OTHERS: "",
    "User Interface and Application Design": (
        "user interface ui gui button buttons window widget widgets view views layout screen menu dialog click event "
        "listener render component react vue angular swiftui uikit viewcontroller android activity form input text "
        "label color animation canvas mouse keyboard display"
    ),
    "Data Science and Machine Learning": (
        "data dataset datasets dataframe pandas numpy model models train training trained learning neural network "
        "layer layers tensor tensorflow pytorch torch keras sklearn classifier classification regression prediction "
        "predict accuracy loss epoch feature features cluster plot matplotlib statistics mean"
    ),
}
NAMES = tuple(WORDS)


def described() -> Counted:
    """Return the words of each category, in order."""
    return terms.count(list(WORDS.values()))


def classified(space: Space, texts: Counted) -> "np.ndarray":
    """Return the place in NAMES (uint8) of each text's category; `space` knows the words."""
    import numpy as np

    found = [np.zeros(0, np.uint8)]
    for cosines in terms.cosines(space, texts, described()):
        best = np.where(cosines.max(axis=1) >= LEAST, cosines.argmax(axis=1), NAMES.index(OTHERS))
        found.append(best.astype(np.uint8))
    return np.concatenate(found)
