def test_a_whole_memory_by_http(api, store, profile, observe):
    [seen] = observe("prefers sms over calls")

    recalled = api("POST", f"{profile}/Recall", {"query": "prefer calls?"}).json()

    assert recalled["observations"][0]["id"] == seen["id"]
    assert 0 < recalled["observations"][0]["score"] <= 1
    found = api(
        "POST",
        f"/v1/Stores/{store}/Profiles/Lookup",
        {"idType": "email", "value": "A@B.com "},
    ).json()
    assert profile.endswith(found["profiles"][0])
    assert found["normalizedValue"] == "a@b.com"
