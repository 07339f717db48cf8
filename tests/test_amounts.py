"""What is said of money."""

from magicoder_gen import amounts


def test_small_amounts_are_not_nothing() -> None:
    """And large ones have no more digits than anybody reads."""
    shown = [amounts.dollars(amount) for amount in (0.0, 0.00001, 0.0123, 1.2, 1234.5)]
    assert shown == ["$0.00", "under $0.0001", "$0.0123", "$1.20", "$1,234.50"]


def test_one_is_not_many() -> None:
    """And many have separators."""
    assert [amounts.number_of(count, "row") for count in (0, 1, 12345)] == ["0 rows", "1 row", "12,345 rows"]
