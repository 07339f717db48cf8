"""What samples are about."""

import pytest

from magicoder_gen.categories import terms, words

TASKS = {
    "Algorithmic and Data Structure": "Reverse a linked list, then sort its nodes with merge sort; use recursion.",
    "Mathematical and Computational": "Return the sum of all prime factors of an integer, and whether it is prime.",
    "Database and SQL": "Write a SQL query that joins two tables and updates a column of the database schema.",
    "System Design and Architecture": "Design a plugin architecture: a factory, dependency injection, an event bus.",
    "Security and Cryptography": "Encrypt the password with AES and a salt, and verify the signature of the token.",
    "Performance Optimization": "Make it faster by caching results and using parallel threads; measure latency.",
    "Web": "Add a Flask route that answers an HTTP POST request with JSON and sets a session cookie.",
    "Domain Specific": "Compute when the tide turns at Rotterdam for a barge of that draught.",
    "User Interface and Application Design": "Create a window with a button whose click opens a dialog and a menu.",
    "Data Science and Machine Learning": "Train a neural network classifier in PyTorch on the dataset, plot accuracy.",
}


def test_there_are_the_ten_of_the_paper() -> None:
    """Each has an example here."""
    assert tuple(TASKS) == words.NAMES
    assert len(words.NAMES) == 10


@pytest.mark.parametrize(("name", "text"), TASKS.items())
def test_a_plain_task_is_told(name: str, text: str) -> None:
    """Among the others, as in a run."""
    texts = terms.count([text, *TASKS.values()])
    space = terms.space(texts, words.described())
    assert words.NAMES[words.classified(space, texts)[0]] == name


def test_no_text_has_no_category() -> None:
    """And an empty one is Domain Specific."""
    nothing = terms.count([])
    assert words.classified(terms.space(nothing, words.described()), nothing).tolist() == []
    empty = terms.count([""])
    space = terms.space(empty, words.described())
    assert words.NAMES[words.classified(space, empty)[0]] == words.OTHERS
