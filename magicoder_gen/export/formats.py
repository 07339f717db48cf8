"""What a row looks like: each format is a block. A table is the rows of one folder: a format's, or what it left out.

Formats that trainers take as they are carry the columns of `columns.METADATA` too. Of those whose columns are fixed by
somebody else, they lie in a table beside it, whose row n tells of row n.
"""

from collections.abc import Callable
from typing import Any, ClassVar, Literal, get_args

from magicoder_gen.export.columns import METADATA, Column, metadata
from magicoder_gen.records import Block, Record, Sample

Kind = Literal["jsonl", "parquet"]
_TASK = Column("the task")
_ANSWER = Column("its answer, code blocks included")
_SEED = Column("the code snippet that the task goes back to; empty where nobody said")


class Table(Record, frozen=True):
    """The rows of one folder below data/, one a sample; `kind` is what its files must be, None if any will do."""

    folder: str
    columns: dict[str, Column]
    row: Callable[[Sample], dict[str, Any]]
    kind: Kind | None = None


class ProblemSolution(Block, frozen=True):
    """Problem and solution as columns, with the seed and where it comes from."""

    folder: ClassVar[str] = "problem_solution"

    def columns(self) -> dict[str, Column]:
        """Return the format's own columns."""
        return {"problem": _TASK, "solution": _ANSWER, "seed": _SEED}

    def row(self, sample: Sample) -> dict[str, Any]:
        """Return what the format's own columns hold."""
        return {"problem": sample.problem, "solution": sample.solution, "seed": sample.seed.text}


class InstructionResponse(Block, frozen=True):
    """`instruction` and `response`, as Magicoder's own training program reads them."""

    folder: ClassVar[str] = "instruction_response"

    def columns(self) -> dict[str, Column]:
        """Return the format's own columns."""
        return {"instruction": _TASK, "response": _ANSWER}

    def row(self, sample: Sample) -> dict[str, Any]:
        """Return what the format's own columns hold."""
        return {"instruction": sample.problem, "response": sample.solution}


class Alpaca(Block, frozen=True):
    """`instruction`, an `input` that is always empty, and `output`."""

    folder: ClassVar[str] = "alpaca"

    def columns(self) -> dict[str, Column]:
        """Return the format's own columns."""
        return {"instruction": _TASK, "input": Column("empty"), "output": _ANSWER}

    def row(self, sample: Sample) -> dict[str, Any]:
        """Return what the format's own columns hold."""
        return {"instruction": sample.problem, "input": "", "output": sample.solution}


class Messages(Block, frozen=True):
    """Chat turns, as trainers take them (TRL, Axolotl, LLaMA-Factory with its tags, NeMo)."""

    folder: ClassVar[str] = "messages"

    def columns(self) -> dict[str, Column]:
        """Return the format's own columns."""
        return {"messages": Column("two turns: the task, then its answer", turn=("role", "content"))}

    def row(self, sample: Sample) -> dict[str, Any]:
        """Return what the format's own columns hold."""
        return {"messages": [_said("user", sample.problem), _said("assistant", sample.solution)]}


class PromptCompletion(Block, frozen=True):
    """`prompt` and `completion`, for a loss on the completion only (TRL).

    With `turns` each is a list of one chat turn, to which TRL applies the model's chat template. With `text` each is
    text, which TRL puts together as it is: the prompt ends with a blank line.
    """

    folder: ClassVar[str] = "prompt_completion"
    style: Literal["turns", "text"] = "turns"

    def columns(self) -> dict[str, Column]:
        """Return the format's own columns."""
        if self.style == "text":
            return {"prompt": Column("the task and a blank line"), "completion": _ANSWER}
        turn = ("role", "content")
        return {
            "prompt": Column("one turn: the task", turn=turn),
            "completion": Column("one turn: its answer", turn=turn),
        }

    def row(self, sample: Sample) -> dict[str, Any]:
        """Return what the format's own columns hold."""
        if self.style == "text":
            return {"prompt": sample.problem.rstrip("\n") + "\n\n", "completion": sample.solution}
        return {"prompt": [_said("user", sample.problem)], "completion": [_said("assistant", sample.solution)]}


class Sharegpt(Block, frozen=True):
    """Turns `from` human and gpt, as LLaMA-Factory and older trainers take them."""

    folder: ClassVar[str] = "sharegpt"

    def columns(self) -> dict[str, Column]:
        """Return the format's own columns."""
        return {"conversations": Column("two turns: the task, then its answer", turn=("from", "value"))}

    def row(self, sample: Sample) -> dict[str, Any]:
        """Return what the format's own columns hold."""
        turns = [{"from": "human", "value": sample.problem}, {"from": "gpt", "value": sample.solution}]
        return {"conversations": turns}


class Openai(Block, frozen=True):
    """`messages` and nothing else, as OpenAI's fine-tuning wants it, always JSON lines.

    All other columns are in `openai_metadata`, in the same order.
    """

    folder: ClassVar[str] = "openai"
    kind: ClassVar[Kind | None] = "jsonl"

    def columns(self) -> dict[str, Column]:
        """Return all columns."""
        return Messages().columns()

    def row(self, sample: Sample) -> dict[str, Any]:
        """Return what they hold."""
        return Messages().row(sample)


class Magicoder(Block, frozen=True):
    """The seven columns that the paper's data set was published with, and no other.

    All other columns are in `magicoder_metadata`, in the same order.
    """

    folder: ClassVar[str] = "magicoder"
    kind: ClassVar[Kind | None] = None

    def columns(self) -> dict[str, Column]:
        """Return all columns."""
        return {
            "lang": Column("language of the seed"),
            "raw_index": Column("place of the document in its corpus: not kept, null", "int64"),
            "index": Column("place among the seeds, or among the rows made elsewhere, from 0", "int64"),
            "seed": _SEED,
            "openai_fingerprint": Column("of the answering system; null where it named none"),
            "problem": _TASK,
            "solution": _ANSWER,
        }

    def row(self, sample: Sample) -> dict[str, Any]:
        """Return what they hold."""
        return {
            "lang": metadata(sample)["language"],
            "raw_index": None,
            "index": sample.seed.index,
            "seed": sample.seed.text,
            "openai_fingerprint": sample.system_fingerprint,
            "problem": sample.problem,
            "solution": sample.solution,
        }


Format = ProblemSolution | InstructionResponse | Alpaca | Messages | PromptCompletion | Sharegpt | Openai | Magicoder
FORMATS: tuple[type[Format], ...] = get_args(Format)


def tables(block: Format) -> tuple[Table, ...]:
    """Return the table of a format, and the one beside it where its columns are fixed."""
    if isinstance(block, Openai | Magicoder):
        own = Table(block.folder, block.columns(), block.row, block.kind)
        return own, Table(f"{block.folder}_metadata", METADATA, metadata)
    return (Table(block.folder, {**block.columns(), **METADATA}, lambda sample: block.row(sample) | metadata(sample)),)


def folders() -> set[str]:
    """Return every folder that an export may have written."""
    return {table.folder for block in FORMATS for table in tables(block())}


def _said(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}
