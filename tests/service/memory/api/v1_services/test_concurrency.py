"""Many older clients at once, on real databases."""

import pytest

from console.service.memory.models import Profile, Store, TraitGroup
from tests.service.conftest import CONTROL
from tests.service.memory.api.v1_services.conftest import SERVICES
from tests.service.memory.test_concurrency import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def test_twenty_who_first_write_to_a_group_declare_it_once(api, service):
    def write(number: int):
        traits = {
            "Contact": {"email": f"{number}@b.com"},
            "Account": {"tier": "gold", f"own{number}": number},
        }
        return api("POST", f"{service}/Profiles", {"traits": traits})

    answers = at_once(20, write)

    assert {answer.status_code for answer in answers} == {202}
    assert Profile.objects.count() == 20
    declared = TraitGroup.objects.get(display_name="Account").traits
    assert declared.keys() == {"tier", *(f"own{number}" for number in range(20))}


def test_both_dialects_race_for_the_last_store(api, make_service):
    for number in range(14):
        make_service(f"client-{number}")

    def create(number: int):
        if number % 2:
            return api("POST", SERVICES, {"uniqueName": f"racer-{number}"})
        return api("POST", CONTROL, {"displayName": f"racer-{number}"})

    answers = at_once(20, create)

    codes = sorted(answer.status_code for answer in answers)
    assert codes[0] in {201, 202}
    assert codes[1:] == [400] * 19
    assert Store.objects.count() == 15
