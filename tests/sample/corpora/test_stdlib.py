import pickle
import sys

from builders import documents_of

from magicoder_gen.sample.corpora.stdlib import Stdlib
from magicoder_gen.sample.protocols import Document


def test_it_is_the_library_without_tests_tables_and_packages() -> None:
    """Hundreds of modules, all Python, none of them a test, a table of characters, generated or installed by pip."""
    found = [document for document in documents_of(Stdlib()) if isinstance(document, Document)]
    paths = {str(document.locate().path) for document in found}
    folders = {part for path in paths for part in path.split("/")[:-1]}
    assert len(found) > 300
    assert {document.language for document in found} == {"python"}
    assert "json/decoder.py" in paths
    assert not folders & {"test", "tests", "idle_test", "site-packages", "dist-packages", "__pycache__"}
    assert not folders & {"encodings", "lib2to3", "pydoc_data"}
    assert not [path for path in paths if path.startswith(("stringprep", "_sysconfigdata"))]


def test_its_fragments_travel_and_count_their_documents() -> None:
    """Another process reads the same from them, and knows whose code it is."""
    fragments = pickle.loads(pickle.dumps(Stdlib().fragments()))  # noqa: S301  # our own
    found = [document for fragment in fragments for document in fragment.read()]
    assert sum(fragment.documents for fragment in fragments) == len(found)
    assert found[0].locate().license == "PSF-2.0"
    assert str(found[0].locate().swhid).startswith("swh:1:cnt:")


def test_its_identity_can_be_had_again() -> None:
    """The same installation is the same corpus, and its title says which."""
    assert Stdlib().identity() == Stdlib().identity()
    assert f"{sys.version_info.major}.{sys.version_info.minor}" in Stdlib().title()
