"""MEMORY_VISIBILITY_LAG_S in the older dialect. Contract 16.3: about two seconds."""

from tests.service.conftest import assert_refused


def test_v1_services_delay_shows_what_is_written_below_a_store_later(
    api, person, settings
):
    settings.MEMORY_VISIBILITY_LAG_S = 60.0

    traits = {"traits": {"Account": {"tier": "gold"}}}
    answers = [api("PATCH", person, traits) for _ in range(2)]
    waiting = api.get(person).json()["traits"]
    settings.MEMORY_VISIBILITY_LAG_S = 0.0

    assert [answer.status_code for answer in answers] == [202, 202]
    assert "Account" not in waiting
    assert api.get(person).json()["traits"]["Account"] == {"tier": "gold"}


def test_v1_services_delay_makes_a_store_at_once(api, make_service, settings):
    settings.MEMORY_VISIBILITY_LAG_S = 60.0

    made = make_service()

    assert api.get(f"/v1/Services/{made['sid']}").json() == made


def test_v1_services_delay_deletes_a_store_at_once(api, service, settings):
    settings.MEMORY_VISIBILITY_LAG_S = 60.0

    api("DELETE", service)

    assert_refused(api.get(service), 404, 520041)
