"""Contract 12.4."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.contract.normalising import (
    InvalidIdentifier,
    normalise,
    normalise_email,
    normalise_phone,
)

CUSTOMER = "+15558675310"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("+1 (555) 867-5310", CUSTOMER),
        ("1-555-867-5310", CUSTOMER),
        ("5558675310", CUSTOMER),
        (" 555.867.5310 ", CUSTOMER),
        ("555–867—5310", CUSTOMER),
        ("555\N{MINUS SIGN}867\N{MINUS SIGN}5310", CUSTOMER),
        ("sip:+15558675310@pbx.example;user=phone", CUSTOMER),
        ("(555)\N{NO-BREAK SPACE}867-5310", CUSTOMER),
        ("＋１（５５５）８６７－５３１０", CUSTOMER),
        ("٥٥٥٨٦٧٥٣١٠", CUSTOMER),
        ("+44 20 7946 0958", "+442079460958"),
        ("+1 202 555 0143", "+12025550143"),
        ("+44 7700 900123", "+447700900123"),
        ("+1 212 736 0000", "+12127360000"),
        ("442079460958", "+442079460958"),
        ("011 44 20 7946 0958", "+442079460958"),
        ("0044 20 7946 0958", "+442079460958"),
        ("(00) 44 20 7946 0958", "+442079460958"),
        ("+0044 20 7946 0958", "+442079460958"),
        ("+49 (0)30 123456", "+4930123456"),
        ("+39 06 698 12345", "+390669812345"),
        ("+52 1 55 1234 5678", "+525512345678"),
        ("5215512345678", "+525512345678"),
        ("whatsapp:+5215512345678", "+525512345678"),
        ("tel:+1-555-867-5310", CUSTOMER),
        ("sms://5558675310", CUSTOMER),
        ("5558675310.0", CUSTOMER),
        ("15558675310.00", CUSTOMER),
        ("'5558675310", CUSTOMER),
        ('="5558675310"', CUSTOMER),
        ("+1 555 867 5310,", CUSTOMER),
        ("\u202d+1 555 867 5310\u202c", CUSTOMER),
        ("555\u200b8675310", CUSTOMER),
    ],
)
def test_a_phone_number_has_one_form(text, expected):
    assert normalise_phone(text) == expected
    assert normalise_phone(expected) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "+",
        "12",
        "no number",
        "555-0143",
        "5550143",
        "0000000000",
        "1111111111",
        "1234567890",
        "+12345678901",
        "9876543210",
        "9999999999",
        "+1 202 555 0000",
        "+1 202 555 1212",
        "(202) 123-4567",
        "202-222-2222",
        "3456789012",
        "8765432109",
        "+34 987 654 321",
        "+49 171 1111111",
        "+47 00 00 00 00",
        "+47 12345678",
        "+1 (212) 000-0000",
        "0612345678",
        "22334455",
        "634567890",
        "5.558675310E9",
        "+266696687",
        "n/a",
        "5558675310 or Ada",
        "5558675310²",
        "①5558675310",
        "5558675310½",
        "5558675310 ext 5",
        "5558675310,,5",
        "5558675310#5",
        "+1 555 867 5310 / 5311",
        "+1+5558675310",
        "+999 12345678",
        "5558675310;ext=5",
        "1" * 30,
    ],
)
def test_what_could_be_somebody_elses_number_is_refused(text):
    with pytest.raises(InvalidIdentifier):
        normalise_phone(text)


@given(st.text(max_size=30))
def test_any_text_is_a_number_in_one_form_or_refused(text):
    try:
        number = normalise_phone(text)
    except InvalidIdentifier:
        return
    assert number[0] == "+"
    assert number[1:].isascii()
    assert number[1:].isdigit()


@pytest.mark.parametrize(
    ("text", "region", "expected"),
    [
        ("22 33 44 55", "NO", "+4722334455"),
        ("4722334455", "NO", "+4722334455"),
        ("020 7946 0958", "GB", "+442079460958"),
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("1 55 1234 5678", "MX", "+525512345678"),
        ("0044 20 7946 0958", "FR", "+442079460958"),
        ("4915123008057.0", "DE", "+4915123008057"),
        ("15123008057", "DE", "+4915123008057"),
        ("030 123456", "DE", "+4930123456"),
        ("4740731191", "DE", "+4740731191"),
        ("447400953815", "DE", "+447400953815"),
        ("3012345678", "DE", "+493012345678"),
        ("04740 731191", "DE", "+494740731191"),
        ("47 4073-1191", "BR", "+554740731191"),
        ("7123 4567", "BO", "+59171234567"),
        ("71 123 456", "LB", "+96171123456"),
        ("8812 3456", "MN", "+97688123456"),
        ("7 1123456", "SO", "+25271123456"),
        ("72001234", "KI", "+68672001234"),
        ("044 55 1234 5678", "MX", "+525512345678"),
        ("045 222 123 4567", "MX", "+522221234567"),
        ("01 33 1234 5678", "MX", "+523312345678"),
        ("+52 044 55 1234 5678", "US", "+525512345678"),
        ("(11) 3123-4567", "BR", "+551131234567"),
        ("9198765432", "IN", "+919198765432"),
        ("4740743248", "US", "+4740743248"),
        ("010 44 20 7946 0958", "JP", "+442079460958"),
        ("03ー3224ー9999", "JP", "+81332249999"),
        ("0011 49 30 901820", "AU", "+4930901820"),
        ("001 49 30 901820", "SG", "+4930901820"),
        ("0065 6555 1234", "SG", "+6565551234"),
        ("+1 555 867 5310", "NO", CUSTOMER),
        ("1 202 555 0143", "NO", "+12025550143"),
    ],
)
def test_a_national_number_is_the_regions(text, region, expected):
    assert normalise_phone(text, region) == expected


@pytest.mark.parametrize(
    ("text", "region"),
    [("456 7890", "FI"), ("2123456", "BO"), ("30123456", "DE"), ("123456", "LB")],
)
def test_a_number_of_a_town_is_refused_without_its_area_code(text, region):
    with pytest.raises(InvalidIdentifier):
        normalise_phone(text, region)


@pytest.mark.parametrize("region", ["US", "IT", "DE", "NO", "MX", "JP"])
@pytest.mark.parametrize("text", ["555-0143", "0000000000", "12345678", "+266696687"])
def test_a_number_that_nobody_has_is_refused_everywhere(text, region):
    with pytest.raises(InvalidIdentifier):
        normalise_phone(text, region)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ada@Example.COM", "ada@example.com"),
        (" ada @ example.com\t", "ada@example.com"),
        ("STRASSE@b.com", "strasse@b.com"),
        ("Straße@b.com", "straße@b.com"),
        ("info@xn--strae-oqa.example", "info@straße.example"),
        ("jose\u0301@b.com", "jos\u00e9@b.com"),
        ("ａｄａ＠ｂ．ｃｏｍ", "ada@b.com"),
        ("kim@example.com\u200b", "kim@example.com"),
        ("k\u00adi\u2060m@ex\ufeffample.com\ufe0f", "kim@example.com"),
        ("kim\u034f@\U000e0101example.com\u202e", "kim@example.com"),
        ("Ada Byron <ada.byron@b.com>", "ada.byron@b.com"),
        ('"Byron, Ada" <mailto:ADA@b.com>', "ada@b.com"),
        ("Ada Byron <ada@b.com>; ", "ada@b.com"),
        ("mailto:ada%2Bx@b.com?subject=re: no", "ada+x@b.com"),
        ("SMTP:Ada@b.com", "ada@b.com"),
        ('"ada.byron"@b.com', "ada.byron@b.com"),
        ("'ada@b.com'", "ada@b.com"),
        ("ada@b.com,", "ada@b.com"),
        ("ada@b.com.", "ada@b.com"),
        ("ada@b.com/", "ada@b.com"),
        ("ada@b.com%20", "ada@b.com"),
        ("ada@b.com?subject=x", "ada@b.com"),
        ("ada@b。com", "ada@b.com"),
        ("(ada@b.com)", "ada@b.com"),
        ("[mailto://ada@b.com]", "ada@b.com"),
        ("E-Mail: ada@b.com", "ada@b.com"),
        ("prueba@b.com", "prueba@b.com"),
        ("inga@b.se", "inga@b.se"),
        ("null@b.com", "null@b.com"),
        ("bob@bob.com", "bob@bob.com"),
        ("test@b.com", "test@b.com"),
        ("test@example.com", "test@example.com"),
        ("b@b.com", "b@b.com"),
        ("jo@jo.de", "jo@jo.de"),
        ("no@b.com", "no@b.com"),
        ("guest@hotel.example", "guest@hotel.example"),
        ("nil@mail.com", "nil@mail.com"),
        ("privacy@b.com", "privacy@b.com"),
        ("nobodysmith@b.com", "nobodysmith@b.com"),
        ("123456@b.com", "123456@b.com"),
        ("0@b.com", "0@b.com"),
        ("22222@b.com", "22222@b.com"),
        ("user1@test.com", "user1@test.com"),
        ("12345678@qq.com", "12345678@qq.com"),
        ("888888@vip.163.com", "888888@vip.163.com"),
        ("bar@gmail.com", "bar@gmail.com"),
        ("guest@yahoo.com", "guest@yahoo.com"),
        ("lu.na@b.com", "lu.na@b.com"),
        ("niema@b.pl", "niema@b.pl"),
    ],
)
def test_an_email_address_has_one_form(text, expected):
    assert normalise(text, "email") == expected
    assert normalise(expected, "email") == expected


@pytest.mark.parametrize(
    "text",
    [
        "@b.com",
        "ada@",
        "ada",
        "ada@.com",
        "ada@b..com",
        "ada@@b.com",
        "-@b.com",
        "a@x.com, b@x.com",
        "a@x.com;b@x.com",
        "ada@b.com (work)",
        "Ada Byron ada@b.com",
        "ada byron@b.com",
        "ada@b.com Ada",
        "ada@b.com/ada",
        "x@x.com",
        "xx@xx.xx",
        "a@a.com",
        "a@b.c",
        "not@provided.com",
        "nothave@gmail.com",
        "void@void.com",
        "none@none.com",
        "n/a@n/a.com",
        "test@test.com",
        "noreply@b.com",
        "not-given@b.com",
        "guest@guest.com",
        "prueba@prueba.es",
        "тест@тест.рф",
        "xxx@xxx.com",
        "keine-email@b.de",
        "unknown@b.com",
        "NoBody@b.com",
        "walkin@store.com",
        "walk-in2@b.com",
        "privacy@privacy.com",
        "deleted@deleted.com",
        "cust12@deleted.invalid",
        "ada@noemail.com",
        "no@email.com",
        "name@domain.com",
        "none@gmail.com",
        "test1@test.com",
        "abc@xyz.com",
        "aaa@bbb.com",
        "000000@b.com",
        "123456789@b.com",
        "noreply+7@b.com",
        "ohne-mail@b.de",
        "naotem@gmail.com",
        "nao.tem@b.com.br",
        "sin.correo@b.com",
        "ninguno@hotmail.com",
        "bar@foo.com",
        "user@domain.com",
        "163@163.com",
    ],
)
def test_what_is_no_address_or_nobodys_is_refused(text):
    with pytest.raises(InvalidIdentifier):
        normalise(text, "email")


def test_an_address_that_names_nobody_can_be_asked_for():
    assert normalise("NoBody@b.com", "email", asked=True) == "nobody@b.com"


@given(st.text(), st.sampled_from(["", "@b.com"]))
def test_normalising_an_address_again_changes_nothing(local, domain):
    try:
        once = normalise_email(local + domain)
    except InvalidIdentifier:
        return

    assert normalise_email(once) == once


@pytest.mark.parametrize("kind", ["email", "phone", "trim", "none"])
@pytest.mark.parametrize(
    "text",
    [
        "N/A",
        "--",
        ".",
        "?",
        "null",
        "None",
        "0000",
        "99999999",
        "k.A.",
        "unbekannt",
        "aucun",
        "néant",
        "nessuno",
        "ninguno",
        "não_informado",
        "geen",
        "n.v.t.",
        "ingen",
        "ukjent",
        "brak",
        "yok",
        "нет",
        "неизвестно",
        "لا_يوجد",
        "नहीं",
        "无",
        "没有",
        "なし",
        "不明",
        "없음",
        "ไม่มี",
        "whatsapp:unknown",
        "keine_E-Mail-Adresse_vorhanden",
        "sin_dato",
        "não_possui",
        "non_communiqué",
        "нет_данных",
        "not-set",
        "{{customer.id}}",
        "${userId}",
        "%customerId%",
        "[object_Object]",
        "<unknown_user>",
        "#NAME?",
        "guest",
        "Anonymous_User",
        "true",
        "N/A_-_none",
    ],
)
def test_a_placeholder_names_nobody(kind, text):
    with pytest.raises(InvalidIdentifier, match="names nobody"):
        normalise(text.replace("_", " "), kind)


@pytest.mark.parametrize(
    "text", ["7", "111", "1112", "L-1000", "x", "NA-7", "Nora", "no-7"]
)
def test_a_short_id_is_no_placeholder(text):
    assert normalise(text, "trim") == normalise(text, "none") == text


@pytest.mark.parametrize(
    "text", ["A1\u200b", "A\u00ad1", "A1\ufe0f", "\u3164A1", "A\x071", "Ａ１"]
)
def test_an_id_is_what_can_be_seen_of_it(text):
    assert normalise(text, "trim") == "A1"


@pytest.mark.parametrize("text", ["A1\u200b", "A\u00ad1", "A\x071"])
def test_an_id_that_must_stay_as_it_is_cannot_hold_what_is_not_seen(text):
    with pytest.raises(InvalidIdentifier, match="cannot be seen"):
        normalise(text, "none")


def test_ids_differ_in_blanks_around_them_for_one_kind_alone():
    assert normalise(" Ada King ", "trim") == "Ada King"
    assert normalise(" Ada King ", "none") == " Ada King "


@pytest.mark.parametrize("kind", ["email", "phone", "trim", "none"])
@pytest.mark.parametrize("text", ["", " \n"])
def test_a_value_that_is_empty_afterwards_is_none(kind, text):
    with pytest.raises(InvalidIdentifier, match="empty"):
        normalise(text, kind)
