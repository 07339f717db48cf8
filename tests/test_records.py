"""Records survive JSON, ids do not collide, randomness depends on nothing else."""

import msgspec
from builders import a_reply, a_seed
from hypothesis import given
from hypothesis import strategies as st

from magicoder_gen.fingerprint import digest, rng
from magicoder_gen.records import Counts, Failure, Intent, Reply, Seed

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(text=st.text(), finish=st.none() | st.text(), index=st.integers(0, 2**40))
def test_a_record_survives_json(text: str, finish: str | None, index: int) -> None:
    """Record to JSON to record, whatever the text."""
    seed = a_seed(text, index=index)
    assert msgspec.json.decode(msgspec.json.encode(seed), type=Seed) == seed
    entries = (a_reply(text, seed=seed, finish_reason=finish), Intent(text), Failure("p", seed, text, text, False))
    for entry in entries:
        assert msgspec.json.decode(msgspec.json.encode(entry), type=Intent | Reply | Failure) == entry


def test_counts_are_named_in_and_out() -> None:
    """As on the table."""
    assert msgspec.json.encode(Counts(3, 2, {"empty": 1})) == b'{"in":3,"out":2,"reasons":{"empty":1}}'


@given(one=json_values, other=json_values)
def test_different_values_have_different_ids(one: object, other: object) -> None:
    """Unless they are the same JSON."""
    assert (digest(one) == digest(other)) == (
        msgspec.json.encode(one, order="deterministic") == msgspec.json.encode(other, order="deterministic")
    )


def test_joined_strings_do_not_collide() -> None:
    """The published fingerprint made 1,15 and 11,5 the same."""
    assert digest([1, 15]) != digest([11, 5])
    assert digest(["a", "b"]) != digest(["ab", ""])


def test_random_numbers_are_frozen() -> None:
    """The same on every machine and in every version: runs must be repeatable for years."""
    generator = rng(976, "document")
    assert [generator.randrange(1000) for _ in range(4)] == FROZEN


FROZEN = [660, 54, 812, 3]
