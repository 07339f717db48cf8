"""Licence notices in a snippet, licences of its origin."""

import pytest
from builders import a_snippet
from hypothesis import given
from hypothesis import strategies as st

from magicoder_gen.records import Origin
from magicoder_gen.sample.protocols import Snippet
from magicoder_gen.sample.quality.licensing import LicenseHeader, Licenses

NOTICE = """#!/usr/bin/env python
# Copyright 2020 The Authors. All rights reserved.
#
# Permission is hereby granted to anybody, on condition that
# this line stays.

# There is no warranty
# of any kind.

# What follows adds numbers,
# in order.
import os

def add(a, b):
    return a + b
"""
BLOCK = """/*
   Copyright (C) 2001 Somebody
   This library is free software; you can
   share it.
*/
int a;
int b;
"""


def lines_of(source: str, first: int, last: int, language: str = "python") -> Snippet:
    """Lines `first` to `last` (from 1, inclusive) of `source`."""
    text = "\n".join(source.split("\n")[first - 1 : last]) + "\n"
    return Snippet(text, first, last, language, source, Origin("test"))


@pytest.mark.parametrize(
    ("source", "language", "first", "last", "dropped"),
    [
        (NOTICE, "python", 1, 8, True),
        (NOTICE, "python", 4, 5, True),
        (NOTICE, "python", 7, 10, True),
        (NOTICE, "python", 8, 11, False),
        (NOTICE, "python", 10, 12, False),
        (NOTICE, "python", 12, 15, False),
        (NOTICE, "python", 1, 15, True),
        (NOTICE, "python", 6, 15, False),
        (BLOCK, "c", 3, 5, True),
        (BLOCK, "c", 4, 7, False),
        (BLOCK, "c", 6, 7, False),
        (f"<?php\n{BLOCK}", "php", 1, 4, True),
        ("// SPDX-License-Identifier: MIT\nint a;\n", "c", 1, 1, True),
        ("// SPDX-License-Identifier: MIT\nint a;\n", "c", 1, 2, False),
        ("# Reads the license of a file.\nx = 1\n", "python", 1, 1, False),
        ("x = 1\n# Copyright 2020\n# All rights reserved.\n", "python", 2, 3, False),
        ('"""Copyright 2020 A.\n\nWithout warranty.\n"""\nx = 1\n', "python", 1, 4, True),
    ],
)
def test_over_half_a_notice_is_too_much(source: str, language: str, first: int, last: int, *, dropped: bool) -> None:
    """Lines that are not blank count; descriptions behind the notice and notices behind code do not."""
    reason = LicenseHeader().reason(lines_of(source, first, last, language))
    assert reason == ("license_header" if dropped else None)


@pytest.mark.parametrize(
    "said",
    [
        "MIT",
        "mit",
        "apache-2.0 , BSD-3-Clause",
        "GPL-3.0-only OR MIT",
        "MIT AND (Apache-2.0 OR GPL-2.0)",
        "Apache-2.0 WITH LLVM-exception",
        "GPL-2.0 AND MIT OR ISC",
        "MIT/Apache-2.0",
        "Apache-2.0+",
        "(MIT)",
    ],
)
def test_permissive_licences_pass(said: str) -> None:
    """Any case, lists, expressions."""
    assert Licenses(unknown="drop").reason(of(said)) is None


@pytest.mark.parametrize(
    "said",
    [
        "GPL-3.0-only",
        "MIT, GPL-2.0",
        "MIT AND GPL-2.0",
        "ISC AND MIT OR GPL-2.0 AND MIT AND AGPL-3.0",
        "MIT OR",
        "MIT OR (ISC",
        "MIT License",
        "MIT)",
        "LicenseRef-mine",
        "(" * 5000,
        "OR",
    ],
)
def test_others_do_not(said: str) -> None:
    """Nor what does not parse."""
    expected = None if said.startswith("ISC") else "license"
    assert Licenses().reason(of(said)) == expected


def test_what_is_not_said_is_an_option() -> None:
    """Kept unless `unknown` says otherwise; in a list only the said ones count."""
    for said in (None, "", "NOASSERTION", "unknown, none", " , "):
        assert Licenses().reason(of(said)) is None
        assert Licenses(unknown="drop").reason(of(said)) == "unknown_license"
    assert Licenses().reason(of("unknown, MIT")) is None
    assert Licenses().reason(of("unknown, GPL-2.0")) == "license"


def test_the_list_is_configurable() -> None:
    """Exceptions can be allowed by name, and odd names as they stand."""
    mine = Licenses(allow=("GPL-2.0 WITH Classpath-exception-2.0", "My License (v2)"))
    assert mine.reason(of("GPL-2.0 with classpath-exception-2.0")) is None
    assert mine.reason(of("my license (V2)")) is None
    assert mine.reason(of("GPL-2.0")) == "license"
    assert mine.reason(of("MIT")) == "license"


@given(st.text(alphabet="() /+,WITHANDORMIT-x.20", max_size=40))
def test_any_text_has_an_answer(said: str) -> None:
    """Corpora hold anything."""
    assert Licenses().reason(of(said)) in {None, "license"}


def of(said: str | None) -> Snippet:
    """A snippet under the licence that `said` names."""
    return a_snippet(origin=Origin("test", license=said))
