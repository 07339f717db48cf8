"""Money and numbers as people read them."""


def dollars(amount: float | None) -> str:
    """Return USD as people read them; None is unknown."""
    if amount is None:
        return "unknown"
    if 0 < amount < 0.0001:  # noqa: PLR2004
        return "under $0.0001"
    return f"${amount:,.2f}" if amount >= 1 or not amount else f"${amount:.4f}"


def number_of(count: int, word: str) -> str:
    """Return so many of what `word` names, as people read them."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"
