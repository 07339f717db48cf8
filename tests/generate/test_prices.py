"""The list prices."""

import pytest

from magicoder_gen.generate import prices
from magicoder_gen.generate.prices import Price


def test_the_table_has_the_shape_of_a_price_list() -> None:
    """USD per million tokens: every price is positive, an output token costs no less than an input token."""
    assert 15 <= len(prices._TABLE) <= 30
    for model, (asked, answered) in prices._TABLE.items():
        assert 0.01 <= asked <= answered <= 1000, model


@pytest.mark.parametrize(
    ("model", "price"),
    [
        ("gpt-4o-mini", Price(input=0.15, output=0.6)),
        ("gpt-4o-mini-2024-07-18", Price(input=0.15, output=0.6)),
        ("gpt-4o-2024-08-06", Price(input=2.5, output=10.0)),
        ("gpt-4o-2024-05-13", Price(input=5.0, output=15.0)),
        ("gpt-4o-mini-audio-preview", None),
        ("Qwen/Qwen2.5-Coder-7B-Instruct", None),
        ("", None),
    ],
)
def test_a_dated_name_costs_what_its_model_does(model: str, price: Price | None) -> None:
    """Unless that date has a price of its own; a name that is only like another has none."""
    assert prices.listed(model) == price
