"""Contract 10.2 and 13."""

import pytest


def test_fetch_identity_settings_of_a_new_store_names_five_identifier_types(api, store):
    path = f"/v1/ControlPlane/Stores/{store}/IdentityResolutionSettings"

    answer = api.get(path)

    settings = answer.json()
    kinds = {c["idType"]: c["normalization"] for c in settings["identifierConfigs"]}
    assert kinds == {
        "chat": "trim",
        "email": "email",
        "phone": "phone",
        "pushUserID": "trim",
        "whatsapp": "trim",
    }
    assert settings["matchingRules"] == [
        "email",
        "whatsapp",
        "phone",
        "chat",
        "pushUserID",
    ]
    assert settings["version"] == 1
    assert answer.headers["ETag"] == '"1"'


def test_identity_settings_each_type_is_exact_and_unique(api, store):
    path = f"/v1/ControlPlane/Stores/{store}/IdentityResolutionSettings"

    [config] = [
        c for c in api.get(path).json()["identifierConfigs"] if c["idType"] == "email"
    ]

    assert config == {
        "idType": "email",
        "matchingAlgo": "exact",
        "matchingThreshold": 75,
        "limit": 100,
        "limitPolicy": "fifo",
        "enforceUnique": True,
        "normalization": "email",
    }


@pytest.fixture
def path(store) -> str:
    return f"/v1/ControlPlane/Stores/{store}/IdentityResolutionSettings"


def test_update_identity_settings_replaces_the_whole_set(api, path, store):
    body = {
        "identifierConfigs": [
            {"idType": "email", "normalization": "email", "limit": 3},
            {"idType": "loyalty-card", "enforceUnique": False},
        ],
        "matchingRules": ["loyalty-card", "email"],
    }

    operation = api.result(api("PUT", path, body))

    assert (operation["status"], operation["result"]["id"]) == ("COMPLETED", store)
    answer = api.get(path)
    defaults = {
        "matchingAlgo": "exact",
        "matchingThreshold": 75,
        "limitPolicy": "fifo",
    }
    assert answer.json() == {
        "identifierConfigs": [
            defaults
            | {
                "idType": "email",
                "normalization": "email",
                "limit": 3,
                "enforceUnique": True,
            },
            defaults
            | {
                "idType": "loyalty-card",
                "normalization": "trim",
                "limit": 100,
                "enforceUnique": False,
            },
        ],
        "matchingRules": ["loyalty-card", "email"],
        "version": 2,
    }
    assert answer.headers["ETag"] == '"2"'


@pytest.mark.parametrize(
    ("if_match", "status"), [('"1"', 202), ('W/"1"', 202), ("*", 202), ('"7"', 412)]
)
def test_identity_settings_change_can_be_bound_to_a_version(
    api, path, if_match, status
):
    body = api.get(path).json()

    answer = api("PUT", path, body, headers={"If-Match": if_match})

    assert answer.status_code == status
    assert api.get(path).json()["version"] == (2 if status == 202 else 1)


def test_identity_settings_type_that_was_left_out_stays_and_matches_no_more(
    api, path, store, make_profile
):
    profile = make_profile(phone="+15558675310")
    settings = api.get(path).json()
    settings["identifierConfigs"] = [
        config
        for config in settings["identifierConfigs"]
        if config["idType"] == "email"
    ]
    api("PUT", path, settings | {"matchingRules": ["email"]})

    sets = api.get(f"{profile}/Identifiers").json()["identifiers"]
    again = make_profile("b@b.com", phone="+15558675310")

    assert {each["idType"] for each in sets} == {"email", "phone"}
    assert again != profile
    assert [
        i["idType"] for i in api.get(f"{again}/Identifiers").json()["identifiers"]
    ] == ["email"]


def test_identity_settings_type_keeps_as_many_values_as_its_limit_says(
    api, path, profile
):
    settings = api.get(path).json()
    for config in settings["identifierConfigs"]:
        config["limit"] = 2
        config["limitPolicy"] = "lifo" if config["idType"] == "whatsapp" else "fifo"
    api("PUT", path, settings)

    for id_type in ("chat", "whatsapp"):
        for value in ("one", "two", "three"):
            body = {"idType": id_type, "value": value}
            assert api("POST", f"{profile}/Identifiers", body).status_code == 202

    chat, whatsapp = (
        api.get(f"{profile}/Identifiers/{id_type}").json()["values"]
        for id_type in ("chat", "whatsapp")
    )
    assert (chat, whatsapp) == (["two", "three"], ["one", "two"])


CONFIG = {"idType": "email"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"identifierConfigs": []}, "identifierConfigs"),
        ({"identifierConfigs": [CONFIG] * 16}, "identifierConfigs"),
        ({"identifierConfigs": [CONFIG, CONFIG]}, "identifierConfigs[1].idType"),
        ({"identifierConfigs": [CONFIG | {"idType": "x"}]}, "idType"),
        ({"identifierConfigs": [CONFIG | {"idType": "a b"}]}, "idType"),
        ({"identifierConfigs": [CONFIG | {"limit": 0}]}, "limit"),
        ({"identifierConfigs": [CONFIG | {"limit": 101}]}, "limit"),
        ({"identifierConfigs": [CONFIG | {"limitPolicy": "lru"}]}, "limitPolicy"),
        ({"identifierConfigs": [CONFIG | {"matchingAlgo": "best"}]}, "matchingAlgo"),
        ({"identifierConfigs": [CONFIG | {"matchingThreshold": 49}]}, "Threshold"),
        ({"identifierConfigs": [CONFIG | {"normalization": "nfc"}]}, "normalization"),
        ({"identifierConfigs": [CONFIG | {"extra": 1}]}, "extra"),
        ({"matchingRules": []}, "matchingRules"),
        ({"matchingRules": ["email", "email"]}, "matchingRules[1]"),
        ({"matchingRules": ["phone"]}, "matchingRules[0]"),
        ({"matchingRules": None}, "matchingRules"),
    ],
)
def test_identity_settings_settings_that_do_not_fit_are_refused_by_field(
    api, path, change, words
):
    body = {"identifierConfigs": [CONFIG], "matchingRules": ["email"]} | change

    answer = api("PUT", path, body)

    assert answer.status_code == 400
    assert words in answer.json()["message"]
    assert api.get(path).json()["version"] == 1


def test_identity_settings_say_whose_national_numbers_are_read(api, path, store):
    configs = {
        "identifierConfigs": [{"idType": "phone", "normalization": "phone"}],
        "matchingRules": ["phone"],
    }
    api("PUT", path, configs | {"phoneRegion": "NO"})
    api("PUT", path, configs)

    body = {"idType": "phone", "value": "22 33 44 55"}
    found = api("POST", f"/v1/Stores/{store}/Profiles/Lookup", body)

    assert api.get(path).json()["phoneRegion"] == "NO"
    assert found.json()["normalizedValue"] == "+4722334455"


WHATSAPP = "whatsapp:+15558675310"


@pytest.fixture
def one_person(api, path):
    """The store has a WhatsApp number name the same person as a phone."""
    settings = api.get(path).json()
    assert "whatsappIsPhone" not in settings
    answer = api("PUT", path, settings | {"whatsappIsPhone": True})
    assert answer.status_code == 202


def add(api, profile, id_type, value):
    body = {"idType": id_type, "value": value}
    assert api("POST", f"{profile}/Identifiers", body).status_code == 202


def test_a_whatsapp_number_and_a_phone_are_two_people_unless_the_store_says_so(
    api, store, make_profile
):
    ada, other = make_profile(phone="+15558675310"), make_profile("b@b.com")

    add(api, other, "whatsapp", WHATSAPP)

    assert [api.get(path).status_code for path in (ada, other)] == [200, 200]


def test_a_whatsapp_number_names_who_has_the_phone(
    api, store, path, make_profile, one_person
):
    ada, other = make_profile(phone="+15558675310"), make_profile("b@b.com")
    lookup = {"idType": "whatsapp", "value": WHATSAPP}

    found = api("POST", f"/v1/Stores/{store}/Profiles/Lookup", lookup).json()
    add(api, other, "whatsapp", WHATSAPP)

    assert found["profiles"] == [ada.split("/")[-1]]
    assert found["normalizedValue"] == WHATSAPP
    assert api.get(other).status_code == 301
    assert api.get(path).json()["whatsappIsPhone"] is True


def test_a_phone_names_who_has_the_whatsapp_number(
    api, store, make_profile, one_person
):
    ada = make_profile()
    add(api, ada, "whatsapp", WHATSAPP)
    add(api, ada, "whatsapp", "ada.lovelace")

    other = make_profile("b@b.com", phone="(555) 867-5310")

    assert api.get(other).json()["id"] == ada.split("/")[-1]
    assert api.get(f"{ada}/Identifiers/phone").json()["values"] == ["+15558675310"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("phoneRegion", region) for region in ("no", "NOR", "ZZ", 47)),
        *(("timeZone", zone) for zone in ("Mars/Olympus", "../etc/passwd", 1)),
    ],
)
def test_identity_settings_refuse_what_is_no_region_or_zone(api, path, name, value):
    body = {
        "identifierConfigs": [{"idType": "phone", "normalization": "phone"}],
        "matchingRules": ["phone"],
        name: value,
    }

    answer = api("PUT", path, body)

    assert answer.status_code == 400
    assert answer.json()["message"].startswith(name)
