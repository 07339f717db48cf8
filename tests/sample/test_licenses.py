from pathlib import Path

import pytest

from magicoder_gen.sample import licenses

BSD = (
    "Redistributions of source code must retain the above notice. "
    "Redistributions in binary form must reproduce it. {} Provided AS IS."
)
MIT = (
    "Permission is hereby granted, free of charge, to any person\n obtaining a copy, provided that "
    "this permission notice\tshall be included in all copies. {} THE SOFTWARE IS PROVIDED \u201cAS IS\u201d."
)
ENDORSE = "Names may not be used to endorse or promote products derived from it."
COMMON = Path("/usr/share/common-licenses")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"# SPDX-License-Identifier: Apache-2.0\n", "Apache-2.0"),
        (
            b"/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */",
            "GPL-2.0-only WITH Linux-syscall-note",
        ),
        (b"<!-- SPDX-License-Identifier: (MIT OR Apache-2.0)-->", "(MIT OR Apache-2.0)"),
        (b"# SPDX-License-Identifier: MIT-->\r\n", "MIT"),
        (b"// SPDX-License-Identifier: MIT Copyright somebody", "MIT"),
        (b"# SPDX-License-Identifier: MIT\n# SPDX-License-Identifier: ISC\n", "MIT, ISC"),
        (b"\n" * 40 + b"# SPDX-License-Identifier: MIT\n", None),
        (b"# SPDX-License-Identifier:\nMIT", None),
        (b"\xff\0", None),
        (b"", None),
    ],
)
def test_a_header_names_the_licence(content: bytes, expected: str | None) -> None:
    """In a file's first lines, as an expression, without the comment's end."""
    assert licenses.of_header(content) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (MIT.format(""), "MIT"),
        (MIT.format("It shall be used for Good, not Evil."), None),
        (MIT.format("Except as contained in this notice, no name is used."), None),
        (MIT.format("More conditions. " * 200), None),
        (BSD.format(""), "BSD-2-Clause"),
        (BSD.format(ENDORSE), "BSD-3-Clause"),
        (BSD.format(f"All advertising materials mentioning features must say so. {ENDORSE}"), None),
        (MIT.format("") + BSD.format(""), None),
        ("Licensed under the MIT license", None),
        ("SPDX-License-Identifier: EPL-2.0", "EPL-2.0"),
        ("", None),
    ],
)
def test_a_licence_text_is_known_by_its_words(text: str, expected: str | None) -> None:
    """A text with more conditions, or with two licences, is none: a wrong name is worse."""
    assert licenses.of_text(text.encode()) == expected


@pytest.mark.skipif(not COMMON.is_dir(), reason="needs Debian's licence files")
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Apache-2.0", "Apache-2.0"),
        ("BSD", "BSD-3-Clause"),
        ("CC0-1.0", "CC0-1.0"),
        ("GPL-1", None),
        ("GPL-2", "GPL-2.0"),
        ("GPL-3", "GPL-3.0"),
        ("LGPL-2.1", "LGPL-2.1"),
        ("LGPL-3", "LGPL-3.0"),
        ("MPL-1.1", None),
        ("MPL-2.0", "MPL-2.0"),
        ("GFDL-1.3", None),
        ("Artistic", None),
    ],
)
def test_whole_texts_are_told_apart(name: str, expected: str | None) -> None:
    """Also those that speak of each other."""
    if not (COMMON / name).exists():
        pytest.skip(f"no {name} here")
    assert licenses.of_text((COMMON / name).read_bytes()) == expected


def test_several_files_hold_together_or_not_at_all() -> None:
    """An unknown one beside a known one may hold any condition."""
    known = [MIT.format("").encode(), BSD.format("").encode()]
    assert licenses.of_files(known) == "BSD-2-Clause, MIT"
    assert licenses.of_files([*known, b"?"]) is None
    assert licenses.of_files([]) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("LICENSE", True),
        ("licence.txt", True),
        ("COPYING.LESSER", True),
        ("LICENSE-MIT", True),
        ("LICENSE-APACHE-2.0.md", True),
        ("MIT-LICENSE.txt", True),
        ("UNLICENSE", True),
        ("license.py", False),
        ("license_header.txt", False),
        ("LICENSES", False),
    ],
)
def test_a_licence_file_is_known_by_its_name(name: str, expected: bool) -> None:  # noqa: FBT001
    """In any case and with the usual endings; code and templates are none."""
    assert licenses.is_license_file(name) is expected
