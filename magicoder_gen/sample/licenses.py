"""Names of licences, by SPDX identifier: what a file's header or a licence file says.

Sources: https://spdx.dev/learn/handling-license-info for headers; for texts, words that only one licence has.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

MAX_BYTES = 200_000  # ours: six times the longest licence text
_HEADER_BYTES = 4096  # ours: a copyright notice and what follows it
_HEADER_LINES = 30
_ID = rb"\(*[A-Za-z0-9][A-Za-z0-9.+:-]*\)*"
_TAG = re.compile(rb"SPDX-License-Identifier:[ \t]*(" + _ID + rb"(?:[ \t]+(?:AND|OR|WITH)[ \t]+" + _ID + rb")*)")
_KNOWN = r"(?:apache|mit|bsd|isc|mpl|gpl|lgpl|agpl|unlicense|cc0|boost|bsl|zlib|psf|lesser)v?[\d.-]*(?:clause)?"
_FILE_NAME = re.compile(
    rf"(?:{_KNOWN}[-_.])?(?:licen[cs]e|unlicense|copying)(?:[-_.]{_KNOWN})?(?:\.(?:txt|md|rst|markdown))?",
    re.IGNORECASE,
)


class _Text(NamedTuple):
    """A licence's text: the words that it must have, and its longest usual form in characters.

    What is longer has more in it than this licence and its copyright lines.
    """

    id: str
    words: tuple[str, ...]
    longest: int


_GRANT = "permission is hereby granted, free of charge, to any person obtaining a copy"
_SOURCE, _BINARY = "redistributions of source code must retain", "redistributions in binary form must reproduce"
_NO_WARRANTY = "as is"
_TEXTS = (
    _Text("MIT", (_GRANT, "this permission notice", "shall be included in all copies", _NO_WARRANTY), 1900),
    _Text("BSD-2-Clause", (_SOURCE, _BINARY, _NO_WARRANTY), 2200),
    _Text("BSD-3-Clause", (_SOURCE, _BINARY, _NO_WARRANTY, "endorse or promote products derived from"), 2600),
    _Text(
        "ISC",
        ("distribute this software for any purpose with or without fee is hereby granted, provided", _NO_WARRANTY),
        1400,
    ),
    _Text("Zlib", ("altered source versions must be plainly marked", "may not be removed or altered from any"), 1500),
    _Text("BSL-1.0", ("boost software license - version 1.0", "and all derivative works of the software"), 1800),
    _Text("Unlicense", ("this is free and unencumbered software released into the public domain",), 1800),
    _Text("CC0-1.0", ("cc0 1.0 universal", "affirmer"), 8000),
    _Text("Apache-2.0", ("apache license version 2.0", "grant of patent license", "redistribution. you may"), 12_500),
    _Text("Apache-2.0", ("licensed under the apache license, version 2.0", "you may not use this file except"), 1200),
    _Text("MPL-2.0", ("mozilla public license version 2.0", "1.1. contributor", "secondary license"), 18_000),
    _Text("GPL-2.0", ("gnu general public license version 2, june 1991", "0. this license applies to any"), 19_500),
    _Text("GPL-3.0", ("gnu general public license version 3, 29 june 2007", "0. definitions", "patents"), 38_000),
    _Text("LGPL-2.1", ("gnu lesser general public license version 2.1, february 1999", "linked with"), 28_500),
    _Text("LGPL-3.0", ("gnu lesser general public license version 3, 29 june 2007", "combined work"), 9500),
    _Text("AGPL-3.0", ("gnu affero general public license version 3, 19 november 2007", "0. definitions"), 38_000),
    _Text("PSF-2.0", ("python software foundation license version 2", "psf hereby grants licensee"), 15_000),
)
# Conditions that make another licence of a text that is otherwise one of these.
_OTHERWISE = (
    "commons clause",
    "for good, not evil",
    "all advertising materials mentioning features",
    "views and conclusions contained in the software",
    "except as contained in this notice",
    "no express or implied licenses to any party's patent",
    "llvm exceptions",
    "acknowledgment in the product documentation is required",
    "business source license",
    "this work was derived from",
)


def of_header(content: bytes) -> str | None:
    """Return what the SPDX-License-Identifier in a file's first lines says, None without one.

    Several are joined by ", ": all of them hold.
    """
    if b"SPDX-License-Identifier:" not in content[:_HEADER_BYTES]:
        return None
    head = b"\n".join(content[:_HEADER_BYTES].split(b"\n")[:_HEADER_LINES])
    found = dict.fromkeys(b" ".join(tag.split()).decode().rstrip("-.:") for tag in _TAG.findall(head))
    return ", ".join(found) or None


def of_text(content: bytes) -> str | None:
    """Return the SPDX identifier of the licence that a LICENSE file holds, None where we are not sure.

    A text with two licences or with conditions that we do not know is none: a wrong name is worse.
    """
    if tagged := of_header(content):
        return tagged
    text = _normalised(content[:MAX_BYTES])
    if any(words in text for words in _OTHERWISE):
        return None
    found = [known for known in _TEXTS if all(words in text for words in known.words)]
    names = {known.id for known in found}
    if "BSD-3-Clause" in names:
        names.discard("BSD-2-Clause")
    fits = any(len(text) <= known.longest for known in found if known.id in names)
    return names.pop() if len(names) == 1 and fits else None


def of_files(contents: Sequence[bytes]) -> str | None:
    """Return what the licence files of one folder say, joined by ", "; None if one of them is unknown."""
    found = [of_text(content) for content in contents]
    names = sorted({name for name in found if name is not None})
    return ", ".join(names) if names and None not in found else None


def is_license_file(name: str) -> bool:
    """Whether a file of this name holds a licence, as LICENSE, COPYING.txt or LICENSE-MIT."""
    return _FILE_NAME.fullmatch(name) is not None


def _normalised(content: bytes) -> str:
    """Return a text in lower case, with single spaces and without the marks that surround or quote words."""
    text = content.decode("utf-8", "replace").lower()
    return (
        " ".join(re.sub(r"[\"'`\u201c\u201d\u2018\u2019*#>=_\[\]]+", " ", text).split())
        .replace(" ,", ",")
        .replace(" .", ".")
    )
