"""What pages are tested with."""

from collections import Counter

import pytest

from console.masking import masker


@pytest.fixture
def masked_texts(monkeypatch) -> Counter[str]:
    """How often each text is looked through: a page computes nothing twice."""
    counts: Counter[str] = Counter()
    find_personal_data = masker.find_personal_data

    def find_and_count(text: str, own=None):
        counts[text] += 1
        return find_personal_data(text, own)

    monkeypatch.setattr(masker, "find_personal_data", find_and_count)
    return counts
