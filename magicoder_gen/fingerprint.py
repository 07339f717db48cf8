"""Canonical JSON to id, and id to random numbers: the only source of identity and randomness."""

import hashlib
import random  # noqa: TID251  # the one place
from typing import Any

import msgspec


def digest(value: Any) -> str:
    """Return 32 hex digits (128 bits of SHA-256) of `value` as canonical JSON.

    `value` is anything msgspec encodes; mappings are ordered by key. Unlike joined strings,
    (1, 15) and (11, 5) differ.
    """
    canonical = msgspec.json.encode(value, order="deterministic", enc_hook=str)
    return hashlib.sha256(canonical).hexdigest()[:32]


def rng(rng_seed: int, *parts: str | int) -> random.Random:
    """Return a generator that depends on `rng_seed` and `parts` alone, on any machine and in any order."""
    return random.Random(int(digest([rng_seed, *parts]), 16))  # noqa: S311  # repeatable, not secret
