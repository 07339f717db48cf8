"""The table that `sample --dry-run` prints."""

from magicoder_gen.sample import outlook_table
from magicoder_gen.sample.outlook import Amount, CorpusOutlook, LanguageOutlook, Outlook

CORPUS = CorpusOutlook("local code", 3, Amount(1000), 2_500_000, Amount(90, "about"), Amount(12_000, "about"))
PYTHON = LanguageOutlook("python", 20, Amount(900), 100, 88, Amount(20, "about"), {"empty": 9, "email": 3})


def printed(*languages: LanguageOutlook, **changes: object) -> list[str]:
    """The lines, without the space that aligns them."""
    found = Outlook((CORPUS,), languages, **{"passed": 200, "unusable": {}, **changes})  # type: ignore[arg-type]
    return [" ".join(line.split()) for line in outlook_table.lines(found)]


def test_a_corpus_and_a_language_are_lines_of_tables() -> None:
    """Numbers with their units, estimates as such, with the number of documents tried."""
    text = printed(PYTHON)
    assert "3 1,000 about 90 2.5 MB about 12.0 kB (<1%) local code" in text
    assert "python 900 100 88% about 20 of 20: enough empty 9.0%, email 3.0%" in text
    assert "What it can give (100 documents were tried, spread over the corpora)" in text


def test_a_shortage_is_named() -> None:
    """Too few, perhaps too few, or not seen at all."""
    few = LanguageOutlook("c", 20, Amount(9), 9, 9, Amount(9, "about"), {})
    perhaps = LanguageOutlook("go", 20, Amount(9, "at least"), 9, 9, Amount(9, "at least"), {})
    missed = LanguageOutlook("rust", 20, Amount(0, "about"), 0, 0, Amount(0, "about"), {})
    text = "\n".join(printed(few, perhaps, missed))
    assert "about 9 of 20: too few" in text
    assert "at least 9 of 20: may be too few" in text
    assert "rust about 0 0 - about 0 of 20: none was seen, but not all was looked at" in text
    assert "At least: only reading to the end tells how many documents such files have." in text


def test_what_no_language_can_use_is_told() -> None:
    """With its share of all that was read for the estimate."""
    text = "\n".join(printed(PYTHON, unusable={"no_quota": 50}))
    assert "Of 200 documents seen for this, some are of no use to any language: no_quota 25.0%." in text
    assert "of no use" not in "\n".join(printed(PYTHON))


def test_columns_stand_below_each_other() -> None:
    """The heading of the last column begins where its cells do."""
    lines = outlook_table.lines(Outlook((CORPUS,), (PYTHON,), 100, {}))
    assert lines[1].index("corpus") == lines[2].index("local code")


def test_a_bound_is_not_called_enough() -> None:
    """Seeds may fall out beside others."""
    most = LanguageOutlook("c", 20, Amount(900), 100, 90, Amount(20, "at most"), {})
    assert "up to 20 of 20: similar ones fall out" in "\n".join(printed(most))


def test_reasons_have_their_plural_and_files_are_no_share_of_documents() -> None:
    """A damaged file holds nobody knows how many."""
    five = {"empty": 5, "email": 4, "secret": 3, "binary": 2, "data": 1}
    assert "binary 2.0%, 1 more reason" in printed(LanguageOutlook("c", 2, Amount(9), 100, 85, Amount(2), five))[6]
    six = five | {"minified": 1}
    assert "binary 2.0%, 2 more reasons" in printed(LanguageOutlook("c", 2, Amount(9), 100, 84, Amount(2), six))[6]
    text = "\n".join(printed(PYTHON, unusable={"bad_file": 2, "unreadable": 1}))
    assert "bad_file: 2 files, unreadable: 1 file." in text
