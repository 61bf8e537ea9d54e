from hypothesis import given
from hypothesis import strategies as st

from console.engine.fusion import DATE, NEIGHBOUR, SUMMARY, Parts, fuse

share = st.floats(0, 1)


def test_words_alone_keep_their_score():
    assert fuse(Parts(words=0.25)) == 0.25


def test_each_part_lifts_by_its_weight_of_what_is_missing():
    half = Parts(words=0.5, date=1.0, summary=1.0, neighbour=1.0)

    assert fuse(half) == 1 - 0.5 * (1 - DATE) * (1 - SUMMARY) * (1 - NEIGHBOUR)


@given(share, share, share, share)
def test_a_part_never_lowers_and_a_score_stays_between_0_and_1(w, d, s, n):
    score = fuse(Parts(w, d, s, n))

    assert w - 1e-9 <= score <= 1
    assert fuse(Parts(w, d, s, min(1, n + 0.1))) >= score - 1e-9
