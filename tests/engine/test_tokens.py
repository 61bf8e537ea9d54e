import pytest

from console.engine.words import STOP_WORDS, codes, stems, terms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Prefers calls, preferred CALLING!", ["prefer", "call", "prefer", "call"]),
        ("What is the weather?", ["weather"]),
        ("email:ada@b.com", ["email", "ada", "b", "com"]),
        ("Order #4711-B", ["order", "4711", "b"]),
        ("snake_case", ["snake", "case"]),
        ("Straße STRASSE", ["strass", "strass"]),
        ("Zu\u0308rich Zürich ZURICH", ["zurich", "zurich", "zurich"]),
        ("Łódź, Bjørn, Æsir", ["lodz", "bjorn", "aesir"]),
        ("so\u00adfa so\u200bfa \uff33ofa", ["sofa", "sofa", "sofa"]),
        ("日本語 кофе", ["日本", "本語", "кофе"]),
        ("茶とtea", ["茶と", "tea"]),
        ("茶", ["茶"]),
        ("전화를 집", ["전화", "화를", "집"]),
        ("ใบแจ้ง", ["ใบ", "บแ", "แจ", "จ้", "้ง"]),
        ("डाक से बिल", ["डाक", "से", "बिल"]),
        ("رقم الطلب ٤٥٢١", ["رقم", "الطلب", "4521"]),
        ("مُحَمَّد محمد", ["محمد", "محمد"]),
        ("<script>alert(1)</script>", ["script", "alert", "1", "script"]),
        ("the of and", []),
        (" \n\t…!? ", []),
        ("", []),
    ],
)
def test_a_text_is_the_stems_of_its_words(text, expected):
    assert stems(text) == expected


def test_both_apostrophes_are_one():
    assert stems("the dog’s don’t") == stems("the dog's don't")


def test_stop_words_are_words_as_they_are_compared():
    assert "the" in STOP_WORDS
    assert all(word == word.casefold().strip() for word in STOP_WORDS)


@pytest.mark.parametrize(
    "spellings",
    [
        ("ORD-4521", "#4521", "4521", "ord4521", "ORD 4521", "ORD.4521"),
        ("GC-7F3K-22PQ", "gc7f3k22pq", "GC 7F3K 22PQ"),
        ("1Z 999 AA1 0123 456 784", "1z999aa10123456784"),
        ("1Z 884 XK 03 7719 5520", "1Z884XK0377195520"),
        ("WTU186-C-0027", "wtu 186 c 0027", "0027"),
        ("+1 (202) 555-0143", "2025550143", "555-0143", "0143"),
        ("0171 2345687", "+49 171 2345687", "01712345687", "٠١٧١٢٣٤٥٦٨٧"),
        ("QX7LPM", "qx7lpm"),
    ],
)
def test_spellings_of_one_code_share_one(spellings):
    found = [{each for code in codes(text) for each in code} for text in spellings]

    assert set.intersection(*found)


@pytest.mark.parametrize(
    "text",
    ["in 2024", "the 1990s", "2026-05-03", "24/12/2025", "49.90", "100th", "12 kg", ""],
)
def test_years_days_and_small_numbers_are_no_codes(text):
    assert codes(text) == []


@pytest.mark.parametrize(
    ("one", "other", "are_copies"),
    [
        ("Prefers oat milk in coffee.", "prefers  OAT milk in coffee!... ", True),
        ("He likes her.", "She likes him.", False),
        ("I eat meat.", "I do not eat meat.", False),
        ("Wants 2 chairs", "Wants 3 chairs", False),
        ("Writes C++", "Writes C#", False),
        ("Likes teas", "Likes tea", False),
        ("👍", "👎", False),
    ],
)
def test_texts_of_the_same_terms_are_copies(one, other, are_copies):
    assert (terms(one) == terms(other)) == are_copies
