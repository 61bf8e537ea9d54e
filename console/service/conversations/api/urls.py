"""Every address of the Conversations API. No slash at the end: the contract."""

from console.service.conversations.api import (
    communications,
    configurations,
    conversations,
    learning,
    participants,
)
from console.service.http.request import address

CONTROL = "v2/ControlPlane"
CONVERSATION = "v2/Conversations/<str:conversation_id>"

urlpatterns = [
    address(
        f"{CONTROL}/Operations/<str:process_id>",
        GET=configurations.fetch_operation_status,
    ),
    address(
        f"{CONTROL}/Configurations",
        GET=configurations.list_configurations,
        POST=configurations.create_configuration,
    ),
    address(
        f"{CONTROL}/Configurations/<str:configuration_id>",
        GET=configurations.fetch_configuration,
        PUT=configurations.update_configuration,
        PATCH=configurations.patch_configuration,
        DELETE=configurations.delete_configuration,
    ),
    address(
        "v2/Conversations",
        GET=conversations.list_conversations,
        POST=conversations.create_conversation,
    ),
    address(
        CONVERSATION,
        GET=conversations.fetch_conversation,
        PUT=conversations.update_conversation,
        PATCH=conversations.patch_conversation,
        DELETE=conversations.delete_conversation,
    ),
    address(f"{CONVERSATION}/Actions", POST=communications.create_action),
    address(f"{CONVERSATION}/Actions/<str:action_id>", GET=communications.fetch_action),
    address(
        f"{CONVERSATION}/Participants",
        GET=participants.list_participants,
        POST=participants.create_participant,
    ),
    address(
        f"{CONVERSATION}/Participants/<str:participant_id>",
        GET=participants.fetch_participant,
        PUT=participants.update_participant,
    ),
    address(
        f"{CONVERSATION}/Communications",
        GET=communications.list_communications,
        POST=communications.create_communication,
    ),
    address(
        f"{CONVERSATION}/Communications/<str:communication_id>",
        GET=communications.fetch_communication,
    ),
    # Ours: what became of a conversation.
    address(f"{CONVERSATION}/Deliveries", GET=learning.list_deliveries),
    address(
        f"{CONVERSATION}/Deliveries/<str:delivery_id>/Retry",
        POST=learning.retry_delivery,
    ),
    address(f"{CONVERSATION}/Diagnostics", GET=learning.list_diagnostics),
    address(f"{CONVERSATION}/Transitions", GET=learning.list_transitions),
    address(
        f"{CONVERSATION}/Learned", GET=learning.list_learned, POST=learning.learn_again
    ),
    address(
        "v1/ControlPlane/Stores/<str:store_id>/LearningRules",
        GET=learning.fetch_learning_rules,
        PUT=learning.update_learning_rules,
    ),
    address(
        "v1/ControlPlane/Stores/<str:store_id>/ModelUsage",
        GET=learning.fetch_model_usage,
        POST=learning.count_model_usage,
    ),
    address(
        "v1/ControlPlane/Stores/<str:store_id>/LearningRules/Trial",
        POST=learning.try_learning_rules,
    ),
]
