"""A plain task of each category, and runs that hold them."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from builders import a_sample
from generating import Quiet
from reporting import a_run

from magicoder_gen.categories.names import NAMES
from magicoder_gen.records import Sample
from magicoder_gen.storage.rundir import RunDir

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


def tasks(problems: Iterable[str] = TASKS.values()) -> list[Sample]:
    """A sample a problem."""
    return [a_sample(problem=problem, index=number) for number, problem in enumerate(problems)]


def task_run(folder: Path, problems: Sequence[str] = tuple(TASKS.values())) -> RunDir:
    """A cleaned run with a sample a problem."""
    return a_run(folder, tasks(problems))


def told(categories: Any, run: RunDir) -> list[str]:
    """The names of the categories of a run's samples."""
    return [NAMES[place] for place in categories.told(run, Quiet())]
