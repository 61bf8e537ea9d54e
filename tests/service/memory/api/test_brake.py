"""What may be two people waits for a person; what was one by mistake is parted."""

from datetime import timedelta

import pytest
import time_machine
from django.db.models import CharField
from django.utils import timezone

from console.service.conversations.models import Participant
from console.service.memory.merging import settle_old_merges
from console.service.memory.models import (
    IdentitySettings,
    MergeSuggestion,
    ProfilePart,
)
from console.service.models import ProfileFact, ProfileScoped, find_models
from tests.service.conftest import assert_refused

SHARED = "+12025550100"


def id_of(path: str) -> str:
    return path.rpartition("/")[2]


@pytest.fixture
def data(store) -> str:
    return f"/v1/Stores/{store}"


@pytest.fixture
def people(make_profile):
    """Two customers with other names and other phone numbers."""
    ada = make_profile("ada@b.com", firstName="Ada", phone="+12025550161")
    return ada, make_profile("bob@b.com", firstName="Bob", phone="+12025550162")


@pytest.fixture
def add(api):
    def add_identifier(path: str, value: str, id_type: str = "phone"):
        body = {"idType": id_type, "value": value}
        answer = api("POST", f"{path}/Identifiers", body)
        assert answer.status_code == 202, answer.text

    return add_identifier


@pytest.fixture
def suggested(api, data):
    return lambda: api.get(f"{data}/MergeSuggestions").json()["suggestions"]


def test_list_merge_suggestions_names_two_who_contradict_each_other(
    api, data, people, suggested
):
    ada, bob = people
    both = {"Contact": {"email": "ada@b.com", "phone": "+12025550162"}}

    answer = api("POST", f"{data}/Profiles", {"traits": both})

    assert answer.json()["id"] == id_of(ada)
    assert api.get(bob).status_code == 200
    [found] = suggested()
    assert found["profiles"] == [id_of(ada), id_of(bob)]
    assert (found["idType"], found["value"]) == ("phone", "+12025550162")
    assert found["contradictions"] == ["names", "phones"]


@pytest.mark.parametrize(
    "other",
    [{"firstName": "ADÁ"}, {"phone": ""}, {"firstName": ""}, {"lastName": "Byron"}],
)
def test_profiles_that_contradict_in_one_point_merge(
    api, make_profile, add, suggested, other
):
    ada = make_profile("ada@b.com", firstName="Ada", phone="+12025550161")
    contact = {"firstName": "Bob", "phone": "+12025550162"} | other
    if "lastName" in other:
        del contact["firstName"]
    given = {name: value for name, value in contact.items() if value}
    bob = make_profile("bob@b.com", **given)

    add(ada, "bob@b.com", "email")

    assert api.get(bob).status_code == 301
    assert suggested() == []


@pytest.mark.parametrize("by", ["PATCH", "POST"])
def test_a_phone_of_another_name_and_email_waits(api, make_profile, suggested, by):
    ada = make_profile("ada@b.com", firstName="Ada")
    bob = make_profile("bob@b.com", firstName="Bob", phone=SHARED)

    if by == "PATCH":
        answer = api("PATCH", ada, {"traits": {"Contact": {"phone": SHARED}}})
    else:
        body = {"idType": "phone", "value": SHARED}
        answer = api("POST", f"{ada}/Identifiers", body)

    [refusal] = answer.json()["refusals"]
    assert "held by a profile with another name and email address" in refusal["reason"]
    assert api.get(bob).status_code == 200
    [found] = suggested()
    assert found["contradictions"] == ["names", "emails"]


def test_a_value_behind_many_profiles_joins_no_more(
    api, data, make_profile, add, suggested
):
    first, *_, fifth, sixth = (make_profile(f"{n}@b.com") for n in range(6))
    for n in range(5):
        path = make_profile(f"{n}@b.com")
        add(path if n == 0 else f"{data}/Profiles/{id_of(path)}", SHARED)
    assert api.get(fifth).status_code == 301

    add(sixth, SHARED)

    assert api.get(sixth).status_code == 200
    [found] = suggested()
    assert found["contradictions"] == ["shared"]
    assert found["profiles"] == [id_of(first), id_of(sixth)]
    seventh = {"Contact": {"email": "7@b.com", "phone": SHARED}}
    made = api("POST", f"{data}/Profiles", {"traits": seventh}).json()["id"]
    assert made not in {id_of(first), id_of(sixth)}
    alone = {"Contact": {"phone": SHARED}}
    assert api("POST", f"{data}/Profiles", {"traits": alone}).json()["id"] == id_of(
        first
    )


@pytest.mark.parametrize("brake", ["shared", "off"])
def test_the_brake_is_a_setting_of_the_store(api, store, people, add, suggested, brake):
    path = f"/v1/ControlPlane/Stores/{store}/IdentityResolutionSettings"
    settings = api.get(path).json()
    assert "mergeBrake" not in settings
    api("PUT", path, {**settings, "mergeBrake": brake})
    ada, bob = people

    add(ada, "bob@b.com", "email")

    assert api.get(bob).status_code == 301
    assert api.get(path).json()["mergeBrake"] == brake
    api("PUT", path, settings)
    assert IdentitySettings.objects.get(store_id=store).merge_brake == brake
    api("PUT", path, {**settings, "mergeBrake": "on"})
    assert "mergeBrake" not in api.get(path).json()


def test_decide_merge_suggestion_merges_when_it_is_accepted(
    api, data, people, add, suggested
):
    ada, bob = people
    add(ada, "bob@b.com", "email")
    [found] = suggested()

    path = f"{data}/MergeSuggestions/{found['id']}"
    assert api("POST", path, {"decision": "accept"}).status_code == 202

    assert api.get(bob).headers["Canonical-Profile-Id"] == id_of(ada)
    assert suggested() == []
    assert_refused(api("POST", path, {"decision": "accept"}), 404, 20404)


def test_a_pair_that_was_accepted_answers_to_both_names(
    api, data, people, add, suggested
):
    ada, _ = people
    add(ada, "bob@b.com", "email")
    [found] = suggested()
    api("POST", f"{data}/MergeSuggestions/{found['id']}", {"decision": "accept"})

    for number, name in enumerate(["Ada", "Bob", "Ada"]):
        contact = {"firstName": name, "email": "ada@b.com"}
        contact["phone"] = f"+1202555017{number}"
        made = api("POST", f"{data}/Profiles", {"traits": {"Contact": contact}})
        assert made.json()["id"] == id_of(ada)

    assert suggested() == []


def test_a_refused_pair_is_not_suggested_again(api, data, people, add, suggested):
    ada, bob = people
    add(ada, "bob@b.com", "email")
    [found] = suggested()

    path = f"{data}/MergeSuggestions/{found['id']}"
    assert api("POST", path, {"decision": "refuse"}).status_code == 202
    api("PATCH", bob, {"traits": {"Contact": {"firstName": "Ada"}}})
    add(ada, "+12025550162")

    assert suggested() == []
    assert api.get(bob).status_code == 200


def test_a_deleted_value_goes_from_its_suggestions(api, people, add, suggested):
    ada, bob = people
    add(ada, "bob@b.com", "email")

    api("DELETE", f"{bob}/Identifiers/email")

    assert suggested() == []
    assert not MergeSuggestion.objects.exists()


def test_list_merges_names_a_merge_until_it_is_taken_back(
    api, data, people, add, observe, summarise
):
    ada, bob = people
    [told] = observe("Likes tea.", path=bob)
    api("PATCH", bob, {"traits": {"Contact": {"firstName": "Ada", "city": "Bern"}}})
    before = {path: read_all(api, path) for path in people}
    add(ada, "bob@b.com", "email")
    [merge] = api.get(f"{data}/Merges", canonicalId=id_of(ada)).json()["merges"]
    assert api.get(f"{data}/Merges", canonicalId="ada").status_code == 400
    assert (merge["id"], merge["canonicalId"]) == (id_of(bob), id_of(ada))
    assert merge["value"] == "bob@b.com"
    api("PATCH", ada, {"traits": {"Contact": {"state": "BE"}}})
    api("PATCH", f"{ada}/Observations/{told['id']}", {"content": "Likes cocoa."})
    new, _ = observe("Moved.", path=ada)
    [summary] = summarise("Moved.", path=ada)

    parted = api("POST", f"{data}/Merges/{id_of(bob)}/Unmerge", {}).json()

    assert parted["canonicalId"] == id_of(ada)
    assert parted["learned"] == [
        {"kind": "trait", "id": "Contact.state"},
        {"kind": "observation", "id": new["id"]},
        {"kind": "summary", "id": summary["id"]},
    ]
    after = read_all(api, bob)
    assert after["Observations"]["observations"][0]["content"] == "Likes cocoa."
    revisions = api.get(f"{bob}/Observations/{told['id']}/Revisions").json()
    assert len(revisions["revisions"]) == 2
    for part in ("", "Traits", "Identifiers"):
        assert after[part] == before[bob][part]
    mine = read_all(api, ada)
    assert mine["Identifiers"] == before[ada]["Identifiers"]
    contact = before[ada][""]["traits"]["Contact"]
    assert mine[""]["traits"]["Contact"] == contact | {"state": "BE"}
    assert api.get(f"{data}/Merges").json()["merges"] == []


def read_all(api, path: str) -> dict:
    parts = ("", "Traits", "Identifiers", "Observations", "ConversationSummaries")
    return {part: api.get(f"{path}/{part}".rstrip("/")).json() for part in parts}


def test_a_merge_that_is_taken_back_returns_participants(
    api, store, data, make_profile, add
):
    ada, twin = make_profile("ada@b.com"), make_profile("twin@b.com")
    now = timezone.now()
    for profile in (ada, twin):
        Participant.objects.create(
            store_id=store,
            conversation_id="conv_conversation_1",
            id=f"conv_participant_{id_of(profile)[-5:]}",
            profile_id=id_of(profile),
            addresses=[],
            created_at=now,
            updated_at=now,
        )
    add(ada, "twin@b.com", "email")
    assert Participant.objects.filter(profile_id=id_of(ada)).count() == 2

    api("POST", f"{data}/Merges/{id_of(twin)}/Unmerge", {})

    [row] = Participant.objects.filter(profile_id=id_of(twin))
    assert row.id.endswith(id_of(twin)[-5:])


def test_every_table_below_a_profile_names_its_items_by_text():
    models = [m for m in find_models(ProfileScoped) if not issubclass(m, ProfileFact)]

    columns = [model._meta.get_field(model.get_item_column()) for model in models]

    assert len(columns) > 3
    assert {type(column) for column in columns} == {CharField}


def test_what_was_parted_is_not_joined_again(api, data, make_profile, add, suggested):
    ada, twin = make_profile("ada@b.com"), make_profile("twin@b.com")
    add(ada, "twin@b.com", "email")
    api("POST", f"{data}/Merges/{id_of(twin)}/Unmerge", {})

    add(ada, "twin@b.com", "email")

    assert api.get(twin).status_code == 200
    assert suggested() == []


def test_what_was_deleted_does_not_come_back(api, data, make_profile, add, observe):
    ada = make_profile("ada@b.com", city="Ulm")
    twin = make_profile("twin@b.com", city="Bern", country="CH")
    [told] = observe("Likes tea.", path=twin)
    add(ada, "twin@b.com", "email")
    api("PATCH", ada, {"traits": {"Contact": {"city": None}}})
    api("DELETE", f"{ada}/Observations/{told['id']}")
    assert "Ulm" not in str(ProfilePart.objects.values_list("facts", flat=True))

    api("POST", f"{data}/Merges/{id_of(twin)}/Unmerge", {})

    assert "city" not in api.get(ada).json()["traits"]["Contact"]
    assert api.get(twin).json()["traits"]["Contact"]["country"] == "CH"
    assert "city" not in api.get(twin).json()["traits"]["Contact"]
    assert api.get(f"{twin}/Observations").json()["observations"] == []


def test_the_record_of_a_merge_goes_with_the_profile(api, make_profile, add, people):
    ada, _ = make_profile("ada@c.com"), make_profile("twin@c.com")
    add(ada, "twin@c.com", "email")
    add(people[0], "bob@b.com", "email")
    assert ProfilePart.objects.count() == 2

    api("DELETE", ada)
    api("DELETE", people[1])

    assert not ProfilePart.objects.exists()
    assert not MergeSuggestion.objects.exists()


def test_after_thirty_days_a_merge_stays(api, data, make_profile, add):
    ada, one, other = (make_profile(f"{name}@b.com", city=name) for name in "abc")
    add(ada, "b@b.com", "email")
    with time_machine.travel(timezone.now() + timedelta(days=29)):
        add(ada, "c@b.com", "email")
    with time_machine.travel(timezone.now() + timedelta(days=30, seconds=5)):
        settle_old_merges()

        refused = api("POST", f"{data}/Merges/{id_of(one)}/Unmerge", {})
        parted = api("POST", f"{data}/Merges/{id_of(other)}/Unmerge", {})

    assert_refused(refused, 409, 20409)
    assert "30 days" in refused.json()["message"]
    assert parted.status_code == 200
    assert api.get(ada).json()["traits"]["Contact"]["city"] == "b"
    values = api.get(f"{ada}/Identifiers").json()["identifiers"][0]["values"]
    assert values == ["a@b.com", "b@b.com"]
    assert not ProfilePart.objects.exists()


def test_unmerge_profile_refuses_what_was_never_merged(api, data, profile):
    answer = api("POST", f"{data}/Merges/{id_of(profile)}/Unmerge", {})

    assert_refused(answer, 404, 20404)


DESK = "reception@hotel.example"
CITIES = ["Ada", "Bob", "Cyd", "Dan", "Eve", "Fay", "Gus"]


def get_guests(shared: dict[str, str]) -> list[dict[str, str]]:
    """Strangers who leave the same value; whatever else they leave is their own."""
    return [
        {
            "firstName": name,
            "phone": f"+120255501{number}",
            "email": f"{name.lower()}@b.com",
        }
        | shared
        for number, name in enumerate(CITIES, 60)
    ]


def send_alone(api, data, contact):
    answer = api("POST", f"{data}/Profiles", {"traits": {"Contact": contact}})
    return answer.json().get("refusals", [])


def send_in_bulk(api, data, contact):
    body = {"profiles": [{"traits": {"Contact": contact}}]}
    accepted = api("PUT", f"{data}/Profiles/Bulk", body).json()
    refusals = accepted.get("refusals", [])
    assert api.get(accepted["statusUrl"]).json().get("refusals", []) == refusals
    return refusals


@pytest.mark.parametrize("send", [send_alone, send_in_bulk])
@pytest.mark.parametrize(
    ("shared", "other"),
    [({"email": DESK}, "phone number"), ({"phone": SHARED}, "email address")],
)
def test_strangers_who_send_a_shared_value_stay_apart(
    api, data, suggested, send, shared, other
):
    first, *guests = get_guests(shared)
    api("POST", f"{data}/Profiles", {"traits": {"Contact": first}})

    told = [send(api, data, guest) for guest in guests]

    [field] = shared
    assert told[0] == [
        {
            "item": 0,
            "field": f"traits.Contact.{field}",
            "reason": f"held by a profile with another name and {other}, a merge is "
            "suggested; kept as a trait, not as an identifier",
            "stored": True,
        }
    ]
    assert all(told)
    profiles = api.get(f"{data}/Profiles").json()["profiles"]
    assert len(profiles) == len(guests) + 1
    assert len(suggested()) == len(guests)
    for guest in guests:
        again = api("POST", f"{data}/Profiles", {"traits": {"Contact": guest}}).json()
        assert again["id"] in profiles
        called = api.get(f"{data}/Profiles/{again['id']}").json()["traits"]["Contact"]
        assert called["firstName"] == guest["firstName"]


@pytest.mark.parametrize("send", [send_alone, send_in_bulk])
@pytest.mark.parametrize("name", [{}, {"firstName": "Ada"}])
def test_who_has_many_phones_behind_one_address_has_a_name(
    api, data, suggested, send, name
):
    """Seven numbers of a person, or of nobody knows how many."""
    for number in range(7):
        send(api, data, {"email": DESK, "phone": f"+1202555016{number}"} | name)

    profiles = api.get(f"{data}/Profiles").json()["profiles"]
    assert len(profiles) == (1 if name else 2)
    assert [pair["contradictions"] for pair in suggested()] == [["shared"]] * (not name)


@pytest.mark.parametrize(
    "again",
    [
        {"firstName": "Jhon", "lastName": "Smith"},
        {"firstName": "J.", "lastName": "Smitx"},
        {"firstName": "J.", "lastName": "Smith"},
        {"firstName": "SMITH", "lastName": "John"},
        {"firstName": "John Paul", "lastName": "Smith"},
        {"firstName": "n/a"},
        {"lastName": "Smith"},
        {},
    ],
)
def test_who_writes_a_name_otherwise_and_has_a_new_phone_stays_one(
    api, data, suggested, again
):
    john = {"firstName": "John", "lastName": "Smith", "phone": "+12025550161"}
    path, email = f"{data}/Profiles", {"email": "john@b.com"}
    first = api("POST", path, {"traits": {"Contact": john | email}}).json()

    second = {**again, **email, "phone": "+12025550162"}
    answer = api("POST", path, {"traits": {"Contact": second}}).json()

    assert answer == first
    assert suggested() == []


@pytest.mark.parametrize("name", ["Marta", "Maria", "J.", "Jon Smith", "Null"])
def test_who_has_another_name_and_phone_is_somebody_else(api, data, suggested, name):
    path, email = f"{data}/Profiles", {"email": "rossi@b.com"}
    mario = {"firstName": "Mario", "lastName": "Rossi", "phone": "+12025550161"}
    first = api("POST", path, {"traits": {"Contact": mario | email}}).json()

    other = {**mario, **email, "firstName": name, "phone": "+12025550162"}
    answer = api("POST", path, {"traits": {"Contact": other}}).json()

    assert answer["id"] != first["id"]
    [pair] = suggested()
    assert pair["contradictions"] == ["names", "phones"]


@pytest.mark.parametrize("shared", ["phone", "whatsapp"])
def test_strangers_share_a_phone_and_have_a_whatsapp_of_their_own(
    api, data, declare, suggested, shared
):
    declare("Reach", whatsapp={"dataType": "STRING", "idTypePromotion": "whatsapp"})
    own = "whatsapp" if shared == "phone" else "phone"
    for name, number in (("Ada", SHARED), ("Bob", "+12025550162")):
        values = {shared: SHARED, own: number}
        contact = {"firstName": name, "phone": values["phone"]}
        reach = {"whatsapp": f"whatsapp:{values['whatsapp']}"}
        traits = {"Contact": contact, "Reach": reach}
        api("POST", f"{data}/Profiles", {"traits": traits})

    assert len(api.get(f"{data}/Profiles").json()["profiles"]) == 2
    [pair] = suggested()
    assert pair["contradictions"] == ["names", "phones"]


def test_a_guest_is_found_by_name_behind_a_shared_value(api, data):
    path = f"{data}/Profiles"
    for guest in get_guests({"email": DESK}):
        made = api("POST", path, {"traits": {"Contact": guest}}).json()["id"]
    first = {"firstName": CITIES[-1], "email": DESK}
    nobody = {"firstName": "Zoe", "email": DESK}

    found = api("POST", path, {"traits": {"Contact": first}}).json()["id"]
    new = api("POST", path, {"traits": {"Contact": nobody}}).json()["id"]
    again = api("POST", path, {"traits": {"Contact": nobody}}).json()["id"]

    assert found == made
    assert new == again
    assert len(api.get(path).json()["profiles"]) == len(CITIES) + 1


def test_a_third_name_behind_a_value_of_two_is_a_third_persons(api, data):
    path = f"{data}/Profiles"
    first, second, third = get_guests({"email": DESK})[:3]
    known = [
        api("POST", path, {"traits": {"Contact": guest}}).json()["id"]
        for guest in (first, second)
    ]
    named = {"firstName": third["firstName"], "email": DESK}

    found = [
        api("POST", path, {"traits": {"Contact": contact}}).json()["id"]
        for contact in (named, named, third)
    ]

    assert len(set(found)) == 1
    assert found[0] not in known


def test_an_identifier_that_waits_for_a_person_is_told(api, people):
    ada, _ = people

    answer = api(
        "POST", f"{ada}/Identifiers", {"idType": "email", "value": "bob@b.com"}
    )

    [refusal] = answer.json()["refusals"]
    assert refusal["field"] == "value"
    assert refusal["reason"].endswith("a merge is suggested")
    assert refusal["stored"] is False


@pytest.mark.parametrize("id_type", ["phone", "email"])
def test_a_replacement_that_waits_leaves_the_old_value(
    api, make_profile, suggested, id_type
):
    mia = make_profile("mia@c.com", firstName="Mia", phone="+12025550163")
    jo = make_profile("jo@c.com", firstName="Jo", phone="+12025550164")
    path = f"{mia}/Identifiers/{id_type}"
    [old] = api.get(path).json()["values"]
    [new] = api.get(f"{jo}/Identifiers/{id_type}").json()["values"]

    body = {"idType": id_type, "oldValue": old, "newValue": new}
    answer = api("PATCH", path, body)

    [refusal] = answer.json()["refusals"]
    assert (refusal["field"], refusal["stored"]) == ("newValue", False)
    assert api.get(path).json()["values"] == [old]
    assert api.get(jo).status_code == 200
    assert [each["value"] for each in suggested()] == [new]


def test_a_pair_that_waits_is_not_joined_once_a_number_is_gone(
    api, make_profile, add, suggested
):
    mia = make_profile("", firstName="Mia", phone="+12025550163")
    jo = make_profile("jo@c.com", firstName="Jo", phone="+12025550164")
    add(mia, "jo@c.com", "email")

    api("DELETE", f"{mia}/Identifiers/phone")
    add(mia, "jo@c.com", "email")

    assert api.get(jo).status_code == 200
    assert len(suggested()) == 1


def test_a_third_stranger_behind_one_value_is_somebody_else(api, data, suggested):
    people = ["Ada Byron", "Bo Carr", "Cy Dunn", "Dee Eyre", "Cy Dunn", "Bo Carr"]

    answers = [
        api("POST", f"{data}/Profiles", {"traits": {"Contact": contact}}).json()
        for first, last in map(str.split, people)
        for contact in [{"firstName": first, "lastName": last, "phone": SHARED}]
    ]

    ada, bo, cy, dee, cy_again, bo_again = (each["id"] for each in answers)
    assert ada == bo == bo_again
    assert cy == cy_again
    assert len({ada, cy, dee}) == 3
    assert ["refusals" in each for each in answers[:4]] == [False, False, True, True]
    assert {each["profiles"][0] for each in suggested()} == {ada}
    [merge] = api.get(f"{data}/Merges").json()["merges"]
    assert merge["canonicalId"] == ada


@pytest.mark.parametrize("order", [("phone", "email"), ("email", "phone")])
def test_who_waits_by_two_values_is_found_by_each(api, data, suggested, order):
    p, q, e = SHARED, "+12025550177", "front@desk.example"

    def post(name, phone, email):
        first, last = name.rsplit(" ", 1)
        values = {"phone": phone, "email": email}
        contact = {"firstName": first, "lastName": last}
        contact |= {each: values[each] for each in order}
        return api("POST", f"{data}/Profiles", {"traits": {"Contact": contact}}).json()

    ann, lee = post("Ann Leigh", p, e)["id"], post("Dr. Ann Lee", q, e)["id"]
    eve = post("Eve Moss", p, e)["id"]
    again = post("Dr. Ann Lee", p, "n/a")["id"]

    assert len({ann, lee, eve, again}) == 4
    found = {tuple(each["profiles"]): each for each in suggested()}
    assert found.keys() == {(ann, lee), (ann, eve), (ann, again)}
    both = found[ann, eve]
    values = {(both["idType"], both["value"])}
    values |= {(x["idType"], *x["values"]) for x in both["further"]}
    assert values == {("phone", p), ("email", e)}


def test_a_namesake_is_found_behind_hundreds_who_wait(api, data, store):
    def post(first, last):
        contact = {"firstName": first, "lastName": last, "phone": SHARED}
        body = {"traits": {"Contact": contact}}
        return api("POST", f"{data}/Profiles", body).json()["id"]

    ada = post("Ada", "Byron")
    MergeSuggestion.objects.bulk_create(
        MergeSuggestion(
            store_id=store,
            id=f"mem_suggestion_{n:026}",
            profile_id=ada,
            other_id=f"mem_profile_{n:026}",
            id_type="phone",
            value=SHARED,
            created_at=timezone.now(),
        )
        for n in range(300)
    )

    assert post("Cy", "Dunn") == post("Cy", "Dunn") != ada


def test_what_was_refused_of_a_merged_profile_is_refused_of_both(
    api, data, make_profile, add, suggested
):
    cob = make_profile("cob@b.com", firstName="Bob")
    bob = make_profile("bob@b.com", firstName="Bob", phone="+12025550162")
    ada = make_profile("ada@b.com", firstName="Ada", phone="+12025550161")
    add(ada, "+12025550162")
    add(cob, "bob@b.com", "email")
    [waiting] = suggested()
    assert waiting["profiles"] == [id_of(cob), id_of(ada)]

    path = f"{data}/MergeSuggestions/{waiting['id']}"
    assert api("POST", path, {"decision": "refuse"}).status_code == 202
    assert api("POST", f"{data}/Merges/{id_of(bob)}/Unmerge").status_code == 200
    add(ada, "cob@b.com", "email")
    add(ada, "bob@b.com", "email")

    assert [api.get(each).status_code for each in (ada, bob, cob)] == [200] * 3
