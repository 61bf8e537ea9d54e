"""Profiles and their identifiers by both official clients."""

from tests.sdk.answers import ACCEPTED, assert_read, assert_refused

OLD, FIRST, SWAPPED, LAST = (f"+1415555010{digit}" for digit in "1032")


def test_profiles_are_created_found_changed_and_deleted(walk):
    told = walk("profiles")

    ids, last = told["ids"], told["ids"][-1]
    # A trait stays as the last writer wrote it; its identifier is the same one.
    email = " P4@example.com"
    assert told["created"] == told["patched"] == [202, ACCEPTED]
    assert told["again"] == last
    assert_read(told["read"], ids[::-1])
    assert told["oldest"] == ids
    assert told["fetched"]["id"] == last
    assert told["fetched"]["createdAt"].endswith("Z")
    assert told["fetched"]["traits"] == {
        "Contact": {"email": email, "firstName": "Ada", "city": "Bern"}
    }
    assert told["filtered"] == {}
    changed = {"email": email, "city": "Bern"}
    changed |= {"firstName": "Ada Mae", "lastName": "King"}
    assert told["changed"] == {"Contact": changed}
    assert told["found"] == {"normalizedValue": "p4@example.com", "profiles": [last]}
    assert told["missed"] == {"normalizedValue": "nobody@example.com", "profiles": []}
    assert told["deleted"] == ACCEPTED
    assert_refused(told["gone"], 404, 20404, "Profile not found")
    assert told["lost"]["profiles"] == []


def test_traits_are_listed_over_pages(walk):
    told = walk("profiles")

    traits = told["traits"]["listed"]
    assert_read(told["traits"], traits)
    assert {(group, name) for group, name, _, _ in traits} == {
        ("Contact", name) for name in ("email", "firstName", "lastName", "city")
    }
    assert all(dated for _, _, _, dated in traits)


def test_a_bulk_write_creates_and_updates_profiles(walk):
    told = walk("bulk")

    assert told["updated"] == [202, ACCEPTED]
    assert told["people"] == 3
    assert told["known"] == {
        "Contact": {"email": "b0@example.com", "firstName": "Ada", "city": "Bern"}
    }
    assert told["new"] == 1
    assert_refused(told["empty"], 400, 520046, "profiles")


def test_a_file_is_imported_through_its_upload_address(walk, worker):
    told = walk("imports")

    assert told["created"] == 201
    assert told["before"] == "PENDING"
    assert told["uploaded"] == [200, "", 403]
    assert_read(told["read"], told["ids"][::-1])
    assert told["fetched"]["status"] == "COMPLETED"
    assert told["fetched"]["filename"] == "people.csv"
    assert told["fetched"]["fileSize"] == 67
    assert told["fetched"]["summary"]["errors"] == 1
    assert [item["columnName"] for item in told["fetched"]["columnMappings"]] == [
        "mail",
        "first",
    ]
    assert told["found"] == [1, 1]


def test_identifiers_are_added_read_swapped_and_removed(walk):
    told = walk("identifiers")

    phone = {"idType": "phone", "values": [FIRST, OLD, LAST]}
    assert told["added"] == [ACCEPTED] * 3
    assert told["listed"] == [{"idType": "email", "values": ["i0@example.com"]}, phone]
    assert told["fetched"] == phone
    assert told["patched"] == told["removed"] == told["cleared"] == ACCEPTED
    assert sorted(told["changed"]) == sorted([FIRST, SWAPPED, LAST])
    assert sorted(told["left"]) == sorted([SWAPPED, LAST])
    assert_refused(told["gone"], 404, 20404, "no identifier")
    assert told["kept"] == ["email"]


def test_a_merged_profile_is_met_by_its_old_id(walk):
    told = walk("merges")

    kept = told["ids"][0]
    # Neither client follows: a read looks like a profile without an id.
    assert told["read"] == [301, kept, None]
    assert told["moved"]
    assert told["patched"]["status"] == 308
    assert "merged" in told["patched"]["message"]
    assert told["people"] == told["found"] == [kept]
    assert told["content"] == ["likes coffee", "likes tea"]


def test_an_installation_may_follow_the_old_id_itself(walk, settings):
    settings.MEMORY_FOLLOW_MERGED = True

    told = walk("merges")

    kept = told["ids"][0]
    assert told["read"] == [200, kept, kept]
    assert not told["moved"]
    assert told["patched"]["status"] == 308
