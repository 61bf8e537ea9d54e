"""Contract 1.2 and 15.2: gzip of answers; test_bodies.py has that of bodies."""

import pytest

from tests.service.door import basic, knock


@pytest.fixture
def ask(api, profile, observe):
    observe(*(f"likes tea number {number} very much" for number in range(10)))

    def get(offer: str):
        return knock(
            f"{profile}/Observations",
            HTTP_HOST="testserver",
            HTTP_AUTHORIZATION=basic(api.sid, api.token),
            HTTP_ACCEPT_ENCODING=offer,
        )

    return get


@pytest.mark.parametrize(
    "offer", ["gzip", "gzip, compress, deflate, br", "br;q=1.0, GZIP;q=0.5", "*"]
)
def test_a_long_answer_is_packed_for_who_understands_it(ask, offer):
    packed, plain = ask(offer), ask("identity")

    # httpx has unpacked it; what went over the wire was shorter.
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"
    assert packed.json() == plain.json()
    assert int(packed.headers["Content-Length"]) < len(plain.content) / 2


@pytest.mark.parametrize("offer", ["", "identity", "br", "gzip;q=0", "gzip; q=0.0"])
def test_it_is_not_packed_for_others(ask, offer):
    answer = ask(offer)

    assert "Content-Encoding" not in answer.headers
    assert len(answer.json()["observations"]) == 10


def test_a_short_answer_is_not_worth_packing(api, store):
    answer = api.get(f"/v1/ControlPlane/Stores/{store}")

    assert "Content-Encoding" not in answer.headers
    assert answer.headers["Vary"] == "Accept-Encoding"
