"""Every call of the memory, with ids of the right form."""

from collections.abc import Iterator

STORE = "mem_store_01k0000000000000000000000a"
PROFILE = "mem_profile_01k0000000000000000000000a"
MAPPING = "mem_datamapping_01k0000000000000000000000a"
OBSERVATION = "mem_observation_01k0000000000000000000000a"
IMPORT = "mem_import_01k0000000000000000000000a"
SUMMARY = "mem_summary_01k0000000000000000000000a"
CONFIGURATION = "conv_configuration_01k0000000000000000000000a"
CONVERSATION = "conv_conversation_01k0000000000000000000000a"
PARTICIPANT = "conv_participant_01k0000000000000000000000a"
COMMUNICATION = "conv_communication_01k0000000000000000000000a"
DELIVERY = "conv_delivery_01k0000000000000000000000a"
ACTION = "conv_action_01k0000000000000000000000a"
LEDGER_ENTRY = "mem_ledger_01k0000000000000000000000a"
LEARNED = "conv_learned_01k0000000000000000000000a"
PROCESS = "proc_job_01k0000000000000000000000a"
SUGGESTION = "mem_suggestion_01k0000000000000000000000a"
SUPPRESSION = "5f" * 32
BASE = "know_knowledgebase_01k0000000000000000000000a"
KNOWLEDGE = "know_knowledge_01k0000000000000000000000a"
OPERATION = "mem_operation_01k0000000000000000000000a"


def every_call(
    *,
    store: str = STORE,
    group: str = "Contact",
    mapping: str = MAPPING,
    profile: str = PROFILE,
    observation: str = OBSERVATION,
    summary: str = SUMMARY,
    operation: str = OPERATION,
    import_: str = IMPORT,
    configuration: str = CONFIGURATION,
    conversation: str = CONVERSATION,
    suggestion: str = SUGGESTION,
) -> Iterator[tuple[str, str]]:
    """(method, path) of each, collections of the account first."""
    plane = "/v1/ControlPlane"
    stores, data = f"{plane}/Stores", f"/v1/Stores/{store}"
    people = f"{data}/Profiles"
    person = f"{people}/{profile}"
    seen = f"{person}/Observations"
    control, talk = "/v2/ControlPlane", f"/v2/Conversations/{conversation}"
    for path, methods in {
        stores: "GET POST",
        f"{plane}/Operations/{operation}": "GET",
        f"{stores}/{store}": "GET PATCH DELETE",
        f"{stores}/{store}/IdentityResolutionSettings": "GET PUT",
        f"{stores}/{store}/TraitGroups": "GET POST",
        f"{stores}/{store}/TraitGroups/{group}": "GET PATCH DELETE",
        f"{stores}/{store}/DataMappings": "GET POST",
        f"{stores}/{store}/DataMappings/{mapping}": "GET PATCH DELETE",
        "/v1/Services": "GET POST",
        f"/v1/Services/{store}": "GET DELETE",
        people: "GET POST",
        f"{people}/Lookup": "POST",
        f"{people}/Search": "POST",
        f"{people}/Bulk": "PUT",
        f"{people}/Imports": "GET POST",
        f"{people}/Imports/{import_}": "GET",
        f"{people}/Imports/{import_}/Refusals": "GET",
        person: "GET PATCH DELETE",
        f"{person}/Traits": "GET",
        f"{person}/Identifiers": "GET POST",
        f"{person}/Identifiers/email": "GET PATCH DELETE",
        seen: "GET POST",
        f"{seen}/{observation}": "GET PATCH DELETE",
        f"{seen}/{observation}/Revisions": "GET",
        f"{person}/ConversationSummaries": "GET POST",
        f"{person}/ConversationSummaries/{summary}": "GET PATCH DELETE",
        f"{person}/Recall": "POST",
        f"{control}/Operations/{PROCESS}": "GET",
        f"{control}/Configurations": "GET POST",
        f"{control}/Configurations/{configuration}": "GET PUT PATCH DELETE",
        "/v2/Conversations": "GET POST",
        talk: "GET PUT PATCH DELETE",
        f"{talk}/Actions": "POST",
        f"{talk}/Actions/{ACTION}": "GET",
        f"{talk}/Participants": "GET POST",
        f"{talk}/Participants/{PARTICIPANT}": "GET PUT",
        f"{talk}/Communications": "GET POST",
        f"{talk}/Deliveries": "GET",
        f"{talk}/Deliveries/{DELIVERY}/Retry": "POST",
        f"{talk}/Diagnostics": "GET",
        f"{talk}/Transitions": "GET",
        f"{talk}/Learned": "GET POST",
        f"{stores}/{store}/LearningRules": "GET PUT",
        f"{stores}/{store}/ModelUsage": "GET POST",
        f"{stores}/{store}/LearningRules/Trial": "POST",
        f"{person}/Provenance": "GET",
        f"{person}/Provenance/{LEARNED}": "PATCH",
        f"{talk}/Communications/{COMMUNICATION}": "GET",
        f"{data}/RecallLedger": "GET",
        f"{data}/RecallLedger/Report": "GET",
        f"{data}/RecallLedger/{LEDGER_ENTRY}": "GET",
        f"{data}/MergeSuggestions": "GET",
        f"{data}/MergeSuggestions/{suggestion}": "POST",
        f"{data}/Suppressions": "GET",
        f"{data}/Suppressions/{SUPPRESSION}": "DELETE",
        f"{control}/KnowledgeBases": "GET POST",
        f"{control}/KnowledgeBases/{BASE}": "GET PATCH DELETE",
        f"/v2/KnowledgeBases/{BASE}/Knowledge": "GET POST",
        f"/v2/KnowledgeBases/{BASE}/Knowledge/{KNOWLEDGE}": "GET PATCH DELETE",
        f"/v2/KnowledgeBases/{BASE}/Knowledge/{KNOWLEDGE}/Chunks": "GET",
        f"/v2/KnowledgeBases/{BASE}/Search": "POST",
        f"/v2/KnowledgeBases/{BASE}/Disagreements": "GET",
        f"{data}/Merges": "GET",
        f"{data}/Merges/{profile}/Unmerge": "POST",
    }.items():
        for method in methods.split():
            yield method, path
            # Conversations have no older dialect.
            if path.startswith(data):
                yield method, path.replace("/v1/Stores/", "/v1/Services/")
