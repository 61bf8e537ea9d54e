from tests.sdk.operations import OPERATIONS, WALKS, operation_of


def test_the_walks_play_every_operation_of_the_contracts():
    played = {name for names in WALKS.values() for name in names.split()}

    assert len(OPERATIONS) == 46 + 22
    assert len({request.split()[1] for request in OPERATIONS.values()}) == 23 + 11
    assert played == set(OPERATIONS)


def test_a_word_in_a_path_wins_over_a_parameter():
    people = "/v1/Stores/mem_store_1/Profiles"

    assert operation_of("POST", f"{people}/Lookup") == "CreateProfilesLookup"
    assert operation_of("GET", f"{people}/mem_profile_1") == "FetchProfile"
    assert operation_of("GET", f"{people}/a/b/c") == f"GET {people}/a/b/c"
