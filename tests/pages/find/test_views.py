"""Find: an identifier on the way in, a profile's id on the way out."""

import logging

import pytest
from django.urls import reverse

from console.audit.models import AuditEntry
from console.service.memory.models import IdentitySettings
from console.tenants.vault import open_store
from tests.factories import HTMX, make_profile, make_tenant


def find(client, text: str, tenant: str = "acme"):
    return client.get(reverse("find:find", args=[tenant]), {"id": text})


@pytest.fixture
def client(client, agent):
    client.force_login(agent)
    return client


@pytest.mark.parametrize(
    "text",
    ["email:a@b.com", "email: A@B.COM ", "EMAIL:a@b.com", "phone:+1 (555) 867-5310"],
)
def test_find_redirects_an_identifier_to_the_profile(client, tenant, text):
    profile = make_profile(tenant, email="a@b.com", phone="+15558675310")

    response = find(client, text)

    assert response.status_code == 302
    assert response["Location"] == f"/t/acme/profiles/{profile}/"


def test_find_redirects_a_profile_id(client, tenant):
    profile = make_profile(tenant)

    response = find(client, f" {profile} ")

    assert response["Location"] == f"/t/acme/profiles/{profile}/"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "Start with the type and a colon"),
        ("   ", "Start with the type and a colon"),
        (f"{'a' * 256}@b.com", "255 characters are the most"),
        (":+15558675310", "A type is missing"),
        ("phone:", "Write the phone after the colon"),
        ("phone:my old one", "Write + and the country code first"),
        ("email:not an email", "needs an @"),
        ("email:@b.com", "needs an @"),
        ("email:n/a", "a placeholder, which names nobody"),
        ("phone:555-0143", "cannot read this phone"),
        ("tel:0000000000", "a placeholder, which names nobody"),
        ("ada@@b.com", "cannot read this email"),
        ("202 555 0160 ext. 5", "no extension"),
        ("Ada 202 555 0160 x12", "no extension"),
        ("070 174 06 05", "as a number of US"),
        ("ada@b.com; bo@b.com", "cannot read this email"),
        ("?!", "Write whom to look for"),
        ("email:" + "a" * 256, "255 characters are the most"),
    ],
)
def test_find_explains_invalid_input(client, tenant, text, told):
    response = find(client, text)

    assert response.status_code == 422
    assert told in response.text
    assert not AuditEntry.objects.filter(action="profile.found").exists()


def test_find_lists_the_types_for_an_unknown_one(client, tenant):
    response = find(client, "fax:123")

    assert response.status_code == 422
    assert "chat, email, phone, pushUserID and whatsapp" in response.text


def test_find_without_match_keeps_the_input(client, tenant):
    response = find(client, "email:nobody@b.com")

    assert response.status_code == 404
    assert "No profile has this email" in response.text
    assert 'value="email:nobody@b.com"' in response.text


def test_find_of_an_unknown_id_is_404(client, tenant):
    response = find(client, "mem_profile_" + "0" * 26)

    assert response.status_code == 404
    assert "No profile has this id" in response.text
    entry = AuditEntry.objects.get(action="profile.found")
    assert entry.details.items() >= {"type": "id", "found": 0}.items()
    assert entry.object_id == ""


def test_find_does_not_find_another_tenants_customer(client, tenant):
    make_profile(make_tenant("other"), email="a@b.com")

    response = find(client, "email:a@b.com")

    assert response.status_code == 404


def test_find_keeps_the_search_text_out_of_logs(client, tenant, caplog):
    caplog.set_level(logging.DEBUG)
    make_profile(tenant, email="a@b.com")

    answers = [find(client, "email:a@b.com"), find(client, "email:c@d.com")]

    assert "a@b.com" not in caplog.text
    assert "c@d.com" not in caplog.text
    assert "c@d.com" not in answers[1].text.partition("</title>")[0]
    entries = AuditEntry.objects.filter(action="profile.found").order_by("seq")
    assert [(entry.details["type"], entry.details["found"]) for entry in entries] == [
        ("email", 1),
        ("email", 0),
    ]


@pytest.mark.parametrize("text", ["a@b.com", "+1 (555) 867-5310"])
def test_find_accepts_a_bare_value_of_one_type(client, tenant, chatless, text):
    profile = make_profile(tenant, email="a@b.com", phone="+15558675310")

    response = find(client, text)

    assert response["Location"] == f"/t/acme/profiles/{profile}/"


@pytest.mark.parametrize(
    "text",
    [
        "tel:+12025550160",
        "TEL:(202) 555-0160",
        "sms:2025550160",
        "202\u2013555\u20130160",
        "+1\u00a0202\u00a0555\u00a00160",
        "\u202a+1 202 555 0160\u202c",
        "２０２ ５５５ ０１６０",
        "2025550160.0",
        "001 202 555 0160",
        "phone\uff1a+12025550160",
        "mailto:ada.byron@example.com",
        "MAILTO:Ada.Byron@example.com?subject=Re: order",
        "Ada Byron <ada.byron@example.com>",
        '"Byron, Ada" <mailto:ada.byron@example.com>',
        "email:Ada <ada.byron@example.com>",
        "ada.byron@example.com,",
        "'ada.byron@example.com'",
        "ada.byron@example.com\u200b",
        "Ada Byron, cell 202 555 0160",
        "Tel.: +1 202 555 0160",
        "Telefon: (202) 555-0160",
        "sip:+12025550160@pbx.example",
        "tel:%2B12025550160",
        "E-mail: ada.byron@example.com",
        "From: Ada <ada.byron@example.com>",
        "Ada Byron ada.byron@example.com",
        "email:Ada Byron ada.byron@example.com",
        "ada.byron＠example.com",
        "ada.byron%40example.com",
    ],
)
def test_find_reads_what_is_pasted(client, tenant, text):
    profile = make_profile(tenant, email="ada.byron@example.com", phone="+12025550160")

    response = find(client, text)

    assert response["Location"] == f"/t/acme/profiles/{profile}/"


@pytest.mark.parametrize(
    "pasted",
    [
        "{id}",
        "http://testserver/t/acme/profiles/{id}/",
        "https://console.example/t/acme/profiles/{id}/timeline/?kind=all#top",
        "/t/acme/profiles/{id}",
        "https://memory.example/v1/Stores/mem_store_0/Profiles/{id}/Traits",
    ],
)
@pytest.mark.parametrize("written", [str, str.upper])
def test_find_reads_the_address_of_a_profile(client, tenant, pasted, written):
    profile = make_profile(tenant)

    response = find(client, written(pasted.format(id=profile)))

    assert response["Location"] == f"/t/acme/profiles/{profile}/"


@pytest.mark.parametrize(
    "query",
    [
        "phone:+4722334455",
        "+4722334455",
        "tel:+4722334455",
        "+47+22+33+44+55",
        "phone:+47%C2%A022%E2%80%9333%E2%80%9344%E2%80%9355",
    ],
)
def test_find_reads_the_plus_of_a_link_as_it_stands(client, tenant, query):
    profile = make_profile(tenant, phone="+4722334455")
    make_profile(tenant, phone="+14722334455")

    response = client.get(f"/t/acme/find/?id={query}")

    assert response["Location"] == f"/t/acme/profiles/{profile}/"


@pytest.mark.parametrize("text", ["22 33 44 55", "phone: 22334455", "tel:22334455"])
def test_find_reads_national_numbers_of_the_stores_region(client, tenant, text):
    IdentitySettings.objects.filter(store_id=tenant.store_id).update(phone_region="NO")
    profile = make_profile(tenant, phone="22334455")

    response = client.post("/t/acme/find/", {"id": text})

    assert response["Location"] == f"/t/acme/profiles/{profile}/"


def test_find_reads_a_whatsapp_address_as_twilio_sends_it(client, tenant):
    profile = make_profile(tenant)
    store = open_store(tenant)
    store.add_identifier(profile, "whatsapp", "whatsapp:+12025550160")

    response = client.post("/t/acme/find/", {"id": "whatsapp:+12025550160"})

    assert response["Location"] == f"/t/acme/profiles/{profile}/"


@pytest.fixture
def chatless(tenant) -> None:
    """A store where phone is the only type of its form."""
    identity = IdentitySettings.objects.get(store_id=tenant.store_id)
    identity.identifier_configs = [
        config
        for config in identity.identifier_configs
        if config["idType"] in {"email", "phone"}
    ]
    identity.save()


def test_find_asks_for_the_type_of_an_ambiguous_value(client, tenant):
    identity = IdentitySettings.objects.get(store_id=tenant.store_id)
    for config in identity.identifier_configs:
        config["normalization"] = "email"
    identity.save()

    response = find(client, "a@b.com")

    assert response.status_code == 422
    assert "Start with the type and a colon" in response.text


def test_find_accepts_an_id_without_its_prefix(client, tenant):
    profile = make_profile(tenant)

    response = find(client, profile.removeprefix("mem_profile_"))

    assert response["Location"] == f"/t/acme/profiles/{profile}/"


def test_find_forms_post(client, tenant):
    profile = make_profile(tenant, email="a@b.com")

    response = client.post("/t/acme/find/", {"id": "email:a@b.com"})

    assert response["Location"] == f"/t/acme/profiles/{profile}/"


def test_find_answers_the_palette_briefly(client, tenant):
    asks = HTMX | {"HX-Boosted": "true", "HX-Trigger": "palette-form"}

    response = client.post("/t/acme/find/", {"id": "email:a@b.com"}, headers=asks)

    assert response.status_code == 404
    assert response["HX-Retarget"] == "#palette-message"
    assert response["HX-Push-Url"] == "false"
    assert "No profile in Acme has this email" in response.text
    assert "<main" not in response.text


@pytest.mark.parametrize("form", ["“{}”", "id: {}", "({}),", "profile={}", "see {}."])
def test_find_reads_an_id_among_words(client, tenant, form):
    profile = make_profile(tenant)

    response = find(client, form.format(profile.upper()))

    assert response["Location"] == f"/t/acme/profiles/{profile}/"


def test_find_never_takes_a_part_of_an_address_for_the_whole(client, tenant):
    make_profile(tenant, email="neil@b.com")

    response = find(client, "o/neil@b.com")

    assert response.status_code == 404
