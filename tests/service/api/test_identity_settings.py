"""Contract 10.2 and 13."""


def test_a_store_starts_with_five_identifier_types(api, store):
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


def test_each_type_is_exact_and_unique(api, store):
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
