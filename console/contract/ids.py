"""Ids as the memory's contract writes them (docs/contract.md, section 2)."""

import re

from typeid import TypeID

_SUFFIX = "[0-7][0-9a-z]{25}"

STORE_ID = re.compile(f"mem_(?:store|service)_{_SUFFIX}")
PROFILE_ID = re.compile(f"mem_profile_{_SUFFIX}")
OBSERVATION_ID = re.compile(f"mem_observation_{_SUFFIX}")
SUMMARY_ID = re.compile(f"mem_summary_{_SUFFIX}")
DATA_MAPPING_ID = re.compile(f"mem_datamapping_{_SUFFIX}")
IMPORT_ID = re.compile(f"mem_import_{_SUFFIX}")
CONFIGURATION_ID = re.compile(f"conv_configuration_{_SUFFIX}")
LEDGER_ID = re.compile(f"mem_ledger_{_SUFFIX}")
SUGGESTION_ID = re.compile(f"mem_suggestion_{_SUFFIX}")
CONVERSATION_ID = re.compile(f"conv_conversation_{_SUFFIX}")
PARTICIPANT_ID = re.compile(f"conv_participant_{_SUFFIX}")
COMMUNICATION_ID = re.compile(f"conv_communication_{_SUFFIX}")
DELIVERY_ID = re.compile(f"conv_delivery_{_SUFFIX}")
ACTION_ID = re.compile(f"conv_action_{_SUFFIX}")
PROCESS_ID = re.compile(f"proc_job_{_SUFFIX}")
DATASET_ID = re.compile(f"tdi_dataset_{_SUFFIX}")
OPERATION_ID = re.compile(f"mem_operation_{_SUFFIX}")
KNOWLEDGE_BASE_ID = re.compile(f"know_knowledgebase_{_SUFFIX}")
KNOWLEDGE_ID = re.compile(f"know_knowledge_{_SUFFIX}")
KNOWLEDGE_OPERATION_ID = re.compile(f"know_operation_{_SUFFIX}")
ACCOUNT_SID = re.compile("AC[0-9a-f]{32}")


def new_id(prefix: str) -> str:
    """A new id such as `mem_profile_01k…`: a UUIDv7, so ids sort by creation."""
    return str(TypeID(prefix=prefix))
