"""What counts as standing before the first line of code."""

import pytest

from magicoder_gen.sample.quality import opening


@pytest.mark.parametrize(
    ("language", "source", "lines"),
    [
        ("python", "#!/bin/env python\n# a\n\n'''b\nc = 1\n'''\nd = 2\n# e\n", 6),
        ("python", '"""a"""\n"""\nb """\nc = 1\n', 3),
        ("python", "a = 1\n# b\n", 0),
        ("c", "/* a\n   b\n*/\n\n// c\nint d;\n", 5),
        ("c", "/* a */ int b;\nint c;\n", 1),
        ("javascript", "#!/usr/bin/env node\n'use strict';\n// a\nb();\n", 3),
        ("php", "<?php\n\n/**\n * a\n */\nb();\n", 5),
        ("ruby", "=begin\na\n=end\nb\n", 3),
        ("sql", "-- a\nSELECT 1;\n", 1),
        ("python", "", 1),
        ("python", "# a\n" * 300, opening.MAX_LINES),
    ],
)
def test_the_opening_ends_at_the_first_line_of_code(language: str, source: str, lines: int) -> None:
    """Comments, docstrings, blanks, shebangs and openings of a language belong to it."""
    expected = [line.strip() for line in source.split("\n")[:lines]]
    assert opening.comment(source, language) == expected
