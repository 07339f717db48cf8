"""Fragments in, candidates out; the order of the work does not show."""

from collections.abc import Iterator
from functools import cache
from itertools import count

import msgspec
import pytest
from builders import a_document
from hypothesis import given, settings
from hypothesis import strategies as st

from magicoder_gen.fingerprint import rng
from magicoder_gen.records import Origin, Record, Seed
from magicoder_gen.sample import scan as module
from magicoder_gen.sample.documents import Uniform
from magicoder_gen.sample.pools import Draw
from magicoder_gen.sample.protocols import Document, Skipped
from magicoder_gen.sample.quality.min_code import MinCode
from magicoder_gen.sample.scan import ANY, STRETCH, Candidates, Findings, Rules, Task, scan
from magicoder_gen.sample.selection import Selection
from magicoder_gen.sample.strategies.lines import Lines
from magicoder_gen.sample.texts import content_id, normalised

CODE = st.text(st.sampled_from("ab \n\r\t\x0c\x85\u2028é\ufeff"), max_size=60)


class Texts(Record, frozen=True):
    """A fragment that holds documents of one or two languages."""

    id: str
    texts: tuple[str, ...]
    bytes: int = 100
    documents: int | None = None
    languages: dict[str, int] | None = None

    def read(self) -> Iterator[Document | Skipped]:
        """Yield the texts; those that begin with # are shell."""
        for number, text in enumerate(self.texts):
            language = "shell" if text.startswith("#") else "python"
            yield a_document(text, path=f"{self.id}/{number}", language=language)
        yield Skipped("bad_file", Origin("test"), 2, f"{self.id} is torn")


def rules(wanted: dict[str, int] | None = None, **changes: object) -> Rules:
    """Lines of Python, whatever they hold."""
    plain = Rules(
        strategy=Lines(),
        quality=(),
        rng_seed=976,
        max_line_length=10_000,
        wanted=wanted or {ANY: 100},
        order="hash",
        by_corpus=False,
        per_repo=None,
    )
    return msgspec.structs.replace(plain, **changes)


def drawn(text: str | bytes, **changes: object) -> Draw | str:
    """What a document of that content gives."""
    content = text if isinstance(text, bytes) else text.encode()
    document = Document(content, "python", lambda: Origin("test"))
    return rules(**changes).draw(document, normalised(content))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        (" \n\t\n\r\n", "empty"),
        ("\ufeff", "empty"),
        ("<reponame>a/b<gh_stars>1\n", "empty"),
        ("a\0b\n", "binary"),
        (b"\xe9 = 1\n", "encoding"),
        ("x" * 5_000_000, "too_long_line"),
        ("a\n" + "x" * 10_001 + "\nb\n", "too_long_line"),
        ("# x\n# y\n# z\n", "too_little_code"),
    ],
)
def test_a_document_that_cannot_be_used_says_why(text: str | bytes, reason: str) -> None:
    """No exception, no snippet, one reason."""
    assert drawn(text, quality=(MinCode(),)) == reason


def test_a_document_has_the_same_id_whoever_draws_from_it() -> None:
    """The id is that of the normal form, of which nothing more is taken away."""
    draw = drawn("<reponame>a\n<reponame>b\r\ncode\n")
    assert isinstance(draw, Draw)
    assert draw.document_id == content_id(b"<reponame>b\ncode\n")


def test_the_strategy_may_refuse_a_document() -> None:
    """Its reason is the document's."""
    assert drawn("a\nb\n", strategy=Lines(min_lines=3)) == "too_short"


def test_a_file_of_many_short_lines_is_not_too_long() -> None:
    """Only the length of a line counts, and the limit itself is allowed."""
    assert isinstance(drawn("0123456789\n" * 50, max_line_length=10), Draw)


@pytest.mark.parametrize("text", ["a = 1\r\nb = 2\r\n", "a = 1\rb = 2\r", "\ufeffa = 1\nb = 2\n"])
def test_line_ends_and_byte_order_mark_do_not_matter(text: str) -> None:
    """A snippet has LF only, and is the same as that of the LF file."""
    assert drawn(text) == drawn("a = 1\nb = 2\n")


@given(CODE, st.integers(1, 3), st.integers(0, 4))
def test_line_numbers_extract_the_snippet_again(text: str, min_lines: int, more: int) -> None:
    """first_line to last_line of the normal form are the snippet, to the byte."""
    draw = drawn(text, strategy=Lines(min_lines=min_lines, max_lines=min_lines + more))
    if isinstance(draw, str):
        return
    lines = [f"{line}\n" for line in normalised(text.encode()).decode().split("\n")]
    lines[-1] = lines[-1].removesuffix("\n")
    assert draw.text == "".join(lines[draw.first_line - 1 : draw.last_line])
    assert draw.text


@cache
def a_corpus() -> tuple[Texts, ...]:
    """Nine fragments, some documents more than once, some empty, a third of them shell."""
    generator = rng(1, "corpus")
    words = [f"{'#' if n % 3 == 0 else ''}v{n} = {generator.randrange(40)}\n" * (1 + n % 5) for n in range(70)]
    words += ["", "\n \n"] * 3
    texts = [generator.choice(words) for _ in range(180)]
    return tuple(Texts(f"f{number}", tuple(texts[number * 20 : number * 20 + 20])) for number in range(9))


def seeds(found: Candidates, num: int, quotas: dict[str, int] | None = None) -> list[Seed]:
    """The seeds, a uniform choice."""
    selection = Selection(found, Uniform(), quotas=quotas or {}, weights=None, accepts=None)
    return list(selection.seeds(num))


def found(plan: Rules, tasks: list[tuple[int, ...]], *, informed: bool = False) -> Candidates:
    """The candidates of some fragments of the corpus, each task told or not what is known already."""
    candidates = Candidates(plan)
    for number, places in enumerate(tasks):
        limits = candidates.limits() if informed else {}
        task = Task(number, 0, tuple((place, a_corpus()[place]) for place in places), limits)
        for findings in scan(plan, task):
            if candidates.may_gain(0, findings.first):
                candidates.merge(findings)
    return candidates


@settings(max_examples=60)
@given(st.permutations(range(9)), st.integers(1, 8), st.integers(1, 60), st.booleans(), st.booleans())
def test_the_division_of_the_work_does_not_matter(
    order: list[int],
    size: int,
    num: int,
    quotas: bool,  # noqa: FBT001  # Hypothesis passes by position
    informed: bool,  # noqa: FBT001
) -> None:
    """Any order of fragments, any number in a task, told what others found or not: the same seeds, the same counts."""
    plan = rules({"python": num, "shell": 3} if quotas else {ANY: num})
    once = found(plan, [tuple(range(9))])
    tasks = [tuple(order[first : first + size]) for first in range(0, 9, size)]
    divided = found(plan, tasks, informed=informed)
    assert seeds(divided, num) == seeds(once, num) if not quotas else True
    assert [pool.candidates() for _, pool in sorted(divided.groups().items())] == [
        pool.candidates() for _, pool in sorted(once.groups().items())
    ]
    for group, pool in once.groups().items():
        assert divided.groups()[group].reasons() == pool.reasons()
    assert (divided.taken, divided.skipped) == (once.taken, once.skipped)
    assert once.taken == 180 + 9 * 2


def test_what_a_worker_finds_survives_its_way_home() -> None:
    """Findings are plain data: through msgpack, as a checkpoint keeps them, nothing is lost."""
    plan = rules({ANY: 20})
    findings = found(plan, [(0, 1, 2)]).findings(["f0 is torn"])
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(findings), type=Findings)
    assert again == findings


def test_documents_are_refused_where_no_quota_wants_them() -> None:
    """They are counted, so that the sums stay true."""
    candidates = found(rules({"shell": 5}), [(0, 1, 2)])
    shell = sum(text.startswith("#") for fragment in a_corpus()[:3] for text in fragment.texts)
    assert candidates.skipped == {"no_quota": 60 - shell, "bad_file": 6}


def test_damage_is_told() -> None:
    """One line per damaged file."""
    task = Task(0, 0, ((0, a_corpus()[0]), (1, a_corpus()[1])), {})
    (findings,) = scan(rules(), task)
    assert findings.details == ("f0 is torn", "f1 is torn")


def test_in_reading_order_the_first_documents_are_the_candidates() -> None:
    """Nothing behind the last of them can gain a place."""
    plan = rules({ANY: 7}, order="position")
    candidates = found(plan, [(0,), (1,)])
    paths = [seed.origin.path for seed in seeds(candidates, 7)]
    assert paths == sorted(paths)
    assert {path.split("/")[0] for path in paths if path} == {"f0"}
    behind = Task(2, 0, ((2, a_corpus()[2]),), {}).first
    assert not candidates.may_gain(0, behind)
    assert Candidates(plan).may_gain(0, behind)


@settings(max_examples=60)
@given(st.integers(1, 8), st.integers(1, 60), st.booleans(), st.booleans())
def test_in_reading_order_the_division_of_the_work_does_not_matter(
    size: int,
    num: int,
    quotas: bool,  # noqa: FBT001  # Hypothesis passes by position
    informed: bool,  # noqa: FBT001
) -> None:
    """Any number of fragments in a task, told what others found or not: the same candidates and the same counts."""
    plan = rules({"python": num, "shell": 3} if quotas else {ANY: num}, order="position")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "STRETCH", 4)
        patch.setattr(module, "_STRETCH_BITS", 2)
        once = found(plan, [tuple(range(9))])
        tasks = [tuple(range(first, min(first + size, 9))) for first in range(0, 9, size)]
        divided = found(plan, tasks, informed=informed)
    assert divided.groups().keys() == once.groups().keys()
    for group, pool in once.groups().items():
        assert divided.groups()[group].candidates() == pool.candidates()
        assert divided.groups()[group].reasons() == pool.reasons()
    assert (divided.taken, divided.skipped) == (once.taken, once.skipped)


class Endless(Record, frozen=True):
    """A fragment without an end that notes how far it was read."""

    read_so_far: list[int]
    id: str = "endless"
    bytes: int = 1
    documents: int | None = None
    languages: dict[str, int] | None = None

    def read(self) -> Iterator[Document | Skipped]:
        """Yield documents of which every third holds something."""
        for number in count():
            self.read_so_far[0] = number + 1
            yield a_document(f"x{number} = 1\n" if number % 3 == 2 else "", path=str(number))


def test_in_reading_order_nobody_reads_further_than_needed() -> None:
    """To the end of the stretch of the last candidate; and what is refused costs memory by the stretch."""
    plan, read = rules({ANY: 1000}, order="position"), [0]
    candidates = Candidates(plan)
    for findings in scan(plan, Task(0, 0, ((0, Endless(read)),), {})):
        candidates.merge(findings)
    assert 3000 <= read[0] < 3000 + STRETCH
    assert candidates.taken == read[0]
    (pool,) = candidates.groups().values()
    assert len(pool.state().refusals) <= 3000 // STRETCH + 1
    assert 2000 - STRETCH <= pool.reasons()["empty"] <= 2000
