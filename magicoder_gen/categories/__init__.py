"""What samples are about: the ten categories of the paper, by words or by meaning; TF-IDF."""

from magicoder_gen.categories.sentences import Sentences
from magicoder_gen.categories.words import Words

AnyCategories = Words | Sentences
