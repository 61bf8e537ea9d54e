"""A store with something of everything, for cases to reach below the 404s."""

from typing import Any

import httpx

from console.contract.conversations.communication import (
    CreateAction,
    CreateCommunication,
)
from console.contract.conversations.configuration import CreateConfiguration
from console.contract.knowledge.base import CreateKnowledgeBase
from console.contract.knowledge.source import CreateKnowledge
from console.service.knowledge.ingestion import read_source
from console.wsgi import application
from tests.factories import make_account
from tests.service.conftest import (
    CONTROL,
    CONVERSATION,
    Api,
    a_summary,
    an_observation,
)

TRAITS = {
    "tier": {"dataType": "STRING", "validationRule": {"ruleType": "STRING"}},
    "points": {"dataType": "NUMBER"},
    "isMember": {"dataType": "BOOLEAN"},
    "tags": {"dataType": "ARRAY"},
}
MAPPING = {
    "displayName": "orders",
    "mappingFrom": {"type": "INGRESS", "columns": ["tier"]},
    "mappingTo": {
        "type": "TRAITS",
        "mappings": [
            {"expression": "tier", "traitGroup": "Account", "traitName": "tier"}
        ],
    },
}

IMPORT = {
    "filename": "people.csv",
    "fileSize": 1,
    "columnMappings": [
        {"columnName": name, "traitGroup": "Contact", "traitName": name}
        for name in ("email", "city")
    ],
}


def make_api() -> Api:
    account = make_account("fuzzed")
    transport = httpx.WSGITransport(app=application)
    http = httpx.Client(transport=transport, base_url="http://testserver")
    return Api(account["accountSid"], account["authToken"], http)


def furnish(api: Api) -> dict[str, list[str]]:
    """What is there now, by the name that addresses have for it."""
    made = api.result(api("POST", CONTROL, {"displayName": "fuzzed"}))
    store = made["result"]["id"]
    plane = "/v2/ControlPlane/KnowledgeBases"
    published = api.result(api("POST", plane, CreateKnowledgeBase.sample))
    control, people = f"{CONTROL}/{store}", f"/v1/Stores/{store}/Profiles"
    api("POST", f"{control}/TraitGroups", {"displayName": "Account", "traits": TRAITS})
    mapping = api.result(api("POST", f"{control}/DataMappings", MAPPING))
    traits = {
        "Contact": {"email": "a@b.com", "phone": "+15550100123", "city": "Ulm"},
        "Account": {"tier": "gold", "points": 7, "isMember": True, "tags": ["a", 1]},
    }
    profile = api("POST", people, {"traits": traits}).json()["id"]
    return {
        "storeId": [store],
        "operationId": [made["operationId"], published["operationId"]],
        "traitGroupName": ["Account", "Contact"],
        "dataMappingId": [mapping["result"]["id"]],
        "profileId": [profile, _merged_into(api, people, traits)],
        **_announce(api, people),
        "idType": ["email", "phone"],
        **_remember(api, f"{people}/{profile}"),
        **_talk(api, store),
        **_fill(api, published["result"]["id"]),
    }


def _merged_into(api: Api, people: str, traits: Any) -> str:
    """The former id of somebody who turned out to be the person of these traits."""
    other = {"traits": {"Contact": {"email": "other@b.com"}}}
    former = api("POST", people, other).json()["id"]
    same = {"idType": "email", "value": traits["Contact"]["email"]}
    assert api("POST", f"{people}/{former}/Identifiers", same).status_code == 202
    assert api.get(f"{people}/{former}").status_code == 301
    return former


def _announce(api: Api, people: str) -> dict[str, list[str]]:
    made = api("POST", f"{people}/Imports", IMPORT).json()
    signature = made["url"].rpartition("=")[2]
    return {"importId": [made["importId"]], "signature": [signature]}


def _remember(api: Api, person: str) -> dict[str, list[str]]:
    told = [an_observation(text, conversationIds=[CONVERSATION]) for text in _TOLD]
    api("POST", f"{person}/Observations", {"observations": told})
    api("POST", f"{person}/ConversationSummaries", {"summaries": [a_summary()]})
    observations = _ids(api, person, "Observations", "observations")
    changed = f"{person}/Observations/{observations[0]}"
    api("PATCH", changed, {"content": "likes green tea"})
    return {
        "observationId": observations,
        "summaryId": _ids(api, person, "ConversationSummaries", "summaries"),
    }


def _talk(api: Api, store: str) -> dict[str, list[str]]:
    hooks = [{"url": "https://agent.example/hook"}]
    body = CreateConfiguration.sample | {
        "memoryStoreId": store,
        "statusCallbacks": hooks,
    }
    made = api.result(api("POST", "/v2/ControlPlane/Configurations", body))
    configuration = made["related"]["configurationId"]
    person = {
        "type": "CUSTOMER",
        "addresses": [{"channel": "SMS", "address": "+15558675310"}],
    }
    body = {"configurationId": configuration, "participants": [person]}
    conversation = api("POST", "/v2/Conversations", body).json()
    path = f"/v2/Conversations/{conversation['id']}"
    said = api("POST", f"{path}/Communications", CreateCommunication.sample).json()
    action = api("POST", f"{path}/Actions", CreateAction.sample).json()
    return {
        "configurationId": [configuration],
        "processId": [made["operationId"]],
        "conversationId": [CONVERSATION, conversation["id"]],
        "participantId": [conversation["participants"][0]["id"]],
        "communicationId": [said["id"]],
        "actionId": [action["id"]],
        "deliveryId": _ids(api, path, "Deliveries", "deliveries"),
    }


def _fill(api: Api, base: str) -> dict[str, list[str]]:
    """A base with a text that is read, and with a file that has not come."""
    path = f"/v2/KnowledgeBases/{base}/Knowledge"
    text = api("POST", path, CreateKnowledge.sample).json()["id"]
    read_source.func(text)
    awaited = {"name": "Manual", "source": {"type": "File", "fileName": "a.pdf"}}
    file = api("POST", path, awaited).json()["id"]
    return {"kbId": [base], "knowledgeId": [text, file]}


def _ids(api: Any, person: str, address: str, key: str) -> list[str]:
    return [each["id"] for each in api.get(f"{person}/{address}").json()[key]]


_TOLD = ("likes tea", "asks for paper bills", "moved to Ulm in May")
