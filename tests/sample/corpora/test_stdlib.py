import sys

from magicoder_gen.records import Document
from magicoder_gen.sample.corpora.stdlib import Stdlib


def test_it_is_the_library_without_tests_and_packages() -> None:
    """Hundreds of modules, all Python, none of them a test or installed by pip."""
    found = [document for document in Stdlib().documents() if isinstance(document, Document)]
    folders = {part for document in found for part in str(document.origin.path).split("/")[:-1]}
    assert len(found) > 300
    assert {document.language for document in found} == {"python"}
    assert "json/decoder.py" in {document.origin.path for document in found}
    assert not folders & {"test", "tests", "idle_test", "site-packages", "dist-packages", "__pycache__"}


def test_its_identity_can_be_had_again() -> None:
    """The same installation is the same corpus, and its title says which."""
    assert Stdlib().identity() == Stdlib().identity()
    assert f"{sys.version_info.major}.{sys.version_info.minor}" in Stdlib().title()
