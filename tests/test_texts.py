from tests.texts import SNAPSHOT, list_texts


def test_texts_are_listed():
    """Written again by `python -m tests.texts`; its difference is what to read."""
    assert list_texts() == SNAPSHOT.read_text()
