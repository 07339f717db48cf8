"""The outlook as a table for people."""

from collections.abc import Iterator, Mapping, Sequence

from magicoder_gen.sample.outlook import Amount, CorpusOutlook, LanguageOutlook, Outlook

_SHOWN = 4  # reasons of a language
_FILES = {"bad_file", "unreadable"}  # reasons that are counted in files
_WORDS = {"at most": "up to"}
_UNITS = ("B", "kB", "MB", "GB", "TB")
_STEP = 1000  # from one to the next


def lines(outlook: Outlook) -> list[str]:
    """Return what a dry run prints."""
    looked = sum(language.looked for language in outlook.languages)
    return [
        "What would be read",
        *_aligned([_CORPUS, *map(_corpus, outlook.corpora)], left={5}),
        "",
        f"What it can give ({looked:,} documents were tried, spread over the corpora)",
        *_aligned([_LANGUAGE, *map(_language, outlook.languages)], left={0, 4, 5}),
        *_explanations(outlook),
    ]


_CORPUS = ("files", "documents", "to be read", "bytes", "to be read", "corpus")
_LANGUAGE = ("language", "documents", "tried", "fit", "seeds", "why the others do not fit, in % of those tried")


def _corpus(corpus: CorpusOutlook) -> tuple[str, ...]:
    return (
        f"{corpus.files:,}",
        _shown(corpus.documents),
        _shown(corpus.documents_to_read),
        _size(Amount(corpus.bytes)),
        f"{_size(corpus.bytes_to_read)} ({_share(corpus.bytes_to_read.number, corpus.bytes)})",
        corpus.title,
    )


def _language(found: LanguageOutlook) -> tuple[str, ...]:
    return (
        found.language,
        _shown(found.documents),
        f"{found.looked:,}",
        f"{found.fit / found.looked:.0%}" if found.looked else "-",
        f"{_shown(found.seeds)} of {found.wanted:,}: {_verdict(found)}",
        _reasons(found.refused, found.looked),
    )


def _verdict(found: LanguageOutlook) -> str:
    if found.was_missed():
        return "none was seen, but not all was looked at"
    if found.seeds.number >= found.wanted:
        return "similar ones fall out" if found.seeds.bound == "at most" else "enough"
    return "may be too few" if found.seeds.bound == "at least" else "too few"


def _reasons(reasons: Mapping[str, int], of: int) -> str:
    shown = [_reason(reason, count, of) for reason, count in list(reasons.items())[:_SHOWN]]
    left = len(reasons) - _SHOWN
    return ", ".join([*shown, *([f"{left} more {_plural('reason', left)}"] if left > 0 else [])])


def _reason(reason: str, count: int, of: int) -> str:
    """Return a share of documents; of lost files nobody knows how many they held."""
    return f"{reason}: {count:,} {_plural('file', count)}" if reason in _FILES else f"{reason} {count / of:.1%}"


def _plural(word: str, number: int) -> str:
    return word if number == 1 else f"{word}s"


def _explanations(outlook: Outlook) -> Iterator[str]:
    amounts = [corpus.documents for corpus in outlook.corpora] + [found.seeds for found in outlook.languages]
    yield ""
    if outlook.unusable:
        found = _reasons(outlook.unusable, outlook.passed)
        yield f"Of {outlook.passed:,} documents seen for this, some are of no use to any language: {found}."
    yield "About: estimated from the documents tried. Equal or similar texts and max_per_repo can make seeds fewer."
    if any(amount.bound == "at least" for amount in amounts):
        yield "At least: only reading to the end tells how many documents such files have."
    yield "docs/sampling.md explains the reasons. Nothing was written."


def _shown(amount: Amount) -> str:
    return _bounded(amount, f"{amount.number:,}")


def _bounded(amount: Amount, text: str) -> str:
    return text if amount.bound == "exactly" else f"{_WORDS.get(amount.bound, amount.bound)} {text}"


def _share(number: int, of: int) -> str:
    return "<1%" if 0 < number < of / 100 else f"{number / of:.0%}" if of else "0%"


def _size(amount: Amount) -> str:
    number, unit = float(amount.number), 0
    while number >= _STEP and unit + 1 < len(_UNITS):
        number, unit = number / _STEP, unit + 1
    text = f"{number:,.1f} {_UNITS[unit]}" if unit else f"{amount.number} B"
    return _bounded(amount, text)


def _aligned(rows: Sequence[Sequence[str]], *, left: set[int]) -> Iterator[str]:
    """Yield the rows with their columns below each other, those in `left` aligned to the left."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            cell.ljust(width) if number in left else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(["", *cells]).rstrip()
