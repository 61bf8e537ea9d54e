"""Every address of the Conversations API. No slash at the end: the contract."""

from django.urls import path

from console.service.conversations.api import (
    communications,
    configurations,
    conversations,
    participants,
)
from console.service.http.request import resource

CONTROL = "v2/ControlPlane"
CONVERSATION = "v2/Conversations/<str:conversation_id>"

urlpatterns = [
    path(
        f"{CONTROL}/Operations/<str:process_id>",
        resource(GET=configurations.fetch_operation_status),
    ),
    path(
        f"{CONTROL}/Configurations",
        resource(
            GET=configurations.list_configurations,
            POST=configurations.create_configuration,
        ),
    ),
    path(
        f"{CONTROL}/Configurations/<str:configuration_id>",
        resource(
            GET=configurations.fetch_configuration,
            PUT=configurations.update_configuration,
            PATCH=configurations.patch_configuration,
            DELETE=configurations.delete_configuration,
        ),
    ),
    path(
        "v2/Conversations",
        resource(
            GET=conversations.list_conversations,
            POST=conversations.create_conversation,
        ),
    ),
    path(
        CONVERSATION,
        resource(
            GET=conversations.fetch_conversation,
            PUT=conversations.update_conversation,
            PATCH=conversations.patch_conversation,
            DELETE=conversations.delete_conversation,
        ),
    ),
    path(f"{CONVERSATION}/Actions", resource(POST=communications.create_action)),
    path(
        f"{CONVERSATION}/Actions/<str:action_id>",
        resource(GET=communications.fetch_action),
    ),
    path(
        f"{CONVERSATION}/Participants",
        resource(
            GET=participants.list_participants, POST=participants.create_participant
        ),
    ),
    path(
        f"{CONVERSATION}/Participants/<str:participant_id>",
        resource(
            GET=participants.fetch_participant, PUT=participants.update_participant
        ),
    ),
    path(
        f"{CONVERSATION}/Communications",
        resource(
            GET=communications.list_communications,
            POST=communications.create_communication,
        ),
    ),
    path(
        f"{CONVERSATION}/Communications/<str:communication_id>",
        resource(GET=communications.fetch_communication),
    ),
]
