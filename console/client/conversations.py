"""The conversations of one store (docs/conversations.md)."""

from dataclasses import replace
from typing import Any

from console.client.errors import MemoryNotFound
from console.client.http import Page, Sender, check_same, segment
from console.contract.conversations.communication import (
    Communication,
    CommunicationsPage,
    CreateCommunication,
)
from console.contract.conversations.configuration import (
    ITEMS_PER_PAGE,
    Configuration,
    ConfigurationsPage,
    ConversationSettings,
    CreateConfiguration,
    PatchConfiguration,
)
from console.contract.conversations.conversation import (
    Conversation,
    ConversationsPage,
    CreateConversation,
    PatchConversation,
)
from console.contract.conversations.delivery import (
    DeliveriesPage,
    Delivery,
    Diagnostic,
    DiagnosticsPage,
    RetryDelivery,
)
from console.contract.conversations.learning import (
    CountModelUsage,
    DecideLearned,
    LearnAgain,
    Learned,
    LearnedPage,
    LearningRules,
    ModelUsage,
    PutLearningRules,
    RulesTrial,
    Transition,
    TransitionsPage,
)

CONFIGURATIONS = "/v2/ControlPlane/Configurations"
CONVERSATIONS = "/v2/Conversations"


class ConversationsClient:
    """All calls about the conversations of one store; made by
    `AccountClient.conversations`.

    An account may have several stores, and conversations are the account's: whatever is
    answered of another store's is as unknown here as if it were not there. Every method
    raises MemoryProblem.
    """

    def __init__(self, sender: Sender, store_id: str) -> None:
        self.store_id = store_id
        self._sender = sender
        # Conversations that are known to be this store's: they never change it.
        self._mine: set[str] = set()

    def list_configurations(self, *, page_token: str = "") -> Page[Configuration]:
        page = self._sender.list_page(
            CONFIGURATIONS,
            ConfigurationsPage,
            page_token,
            ITEMS_PER_PAGE,
            memoryStoreId=self.store_id,
        )
        found = (x for x in page.items if x.memory_store_id == self.store_id)
        return replace(page, items=tuple(found))

    def create_configuration(self, configuration: CreateConfiguration) -> str:
        """Answers its id."""
        answer = self._sender.write("POST", CONFIGURATIONS, configuration)
        return str(answer.content.get("related", {}).get("configurationId", ""))

    def patch_configuration(
        self, configuration_id: str, change: PatchConfiguration
    ) -> None:
        """One of this store's. What has begun keeps what it began with."""
        path = f"{CONFIGURATIONS}/{segment('configuration', configuration_id)}"
        self._check_store(self._sender.fetch(path, Configuration))
        self._sender.write("PATCH", path, change)

    def delete_configuration(self, configuration_id: str) -> None:
        """One of this store's. Conversations go on with what they began with."""
        path = f"{CONFIGURATIONS}/{segment('configuration', configuration_id)}"
        self._check_store(self._sender.fetch(path, Configuration))
        self._sender.write("DELETE", path)

    def list_conversations(
        self,
        *,
        status: str = "",
        profile_id: str = "",
        page_token: str = "",
        page_size: int = 50,
    ) -> Page[Conversation]:
        """The newest first. A memory that cannot filter by store answers pages with
        fewer items than asked for."""
        page = self._sender.list_page(
            CONVERSATIONS,
            ConversationsPage,
            page_token,
            page_size,
            memoryStoreId=self.store_id,
            profileId=profile_id,
            status=status,
        )
        found = (
            each
            for each in page.items
            if each.configuration
            and each.configuration.memory_store_id == self.store_id
        )
        return replace(page, items=tuple(found))

    def fetch_conversation(self, conversation_id: str) -> Conversation:
        path = self._path(conversation_id)
        found = self._sender.fetch_one(path, Conversation, conversation_id)
        self._check_store(found.configuration)
        self._mine.add(found.id)
        return found

    def create_conversation(self, conversation: CreateConversation) -> Conversation:
        """One whose configuration names another store is closed to this client."""
        made = self._sender.post(CONVERSATIONS, Conversation, conversation)
        self._check_store(made.configuration)
        self._mine.add(made.id)
        return made

    def patch_conversation(
        self, conversation_id: str, change: PatchConversation
    ) -> None:
        self._sender.write("PATCH", self._open(conversation_id), change)

    def delete_conversation(self, conversation_id: str) -> None:
        """With all that was said; what was learned from it stays."""
        self._sender.send("DELETE", self._open(conversation_id), dict[str, Any])

    def list_communications(
        self, conversation_id: str, *, page_token: str = "", page_size: int = 500
    ) -> Page[Communication]:
        """The first one first."""
        path = f"{self._open(conversation_id)}/Communications"
        found = self._sender.list_page(path, CommunicationsPage, page_token, page_size)
        for each in found.items:
            check_same(each.conversation_id, conversation_id)
        return found

    def create_communication(
        self, conversation_id: str, communication: CreateCommunication
    ) -> Communication:
        path = f"{self._open(conversation_id)}/Communications"
        return self._sender.post(path, Communication, communication)

    # What the built-in memory alone tells; elsewhere MemoryNotFound.

    def list_transitions(self, conversation_id: str) -> Page[Transition]:
        """The first one first."""
        path = f"{self._open(conversation_id)}/Transitions"
        return self._sender.list_page(path, TransitionsPage, page_size=ITEMS_PER_PAGE)

    def list_learned(
        self, conversation_id: str, *, page_token: str = ""
    ) -> Page[Learned]:
        path = f"{self._open(conversation_id)}/Learned"
        return self._sender.list_page(path, LearnedPage, page_token, ITEMS_PER_PAGE)

    def learn_again(self, conversation_id: str) -> None:
        self._sender.write(
            "POST", f"{self._open(conversation_id)}/Learned", LearnAgain()
        )

    def list_deliveries(
        self, conversation_id: str, *, page_size: int = 50
    ) -> Page[Delivery]:
        """The newest first."""
        path = f"{self._open(conversation_id)}/Deliveries"
        return self._sender.list_page(path, DeliveriesPage, page_size=page_size)

    def retry_delivery(self, conversation_id: str, delivery_id: str) -> Delivery:
        child = segment("delivery", delivery_id)
        path = f"{self._open(conversation_id)}/Deliveries/{child}/Retry"
        return self._sender.post(path, Delivery, RetryDelivery())

    def list_diagnostics(self, conversation_id: str) -> Page[Diagnostic]:
        """The newest first."""
        path = f"{self._open(conversation_id)}/Diagnostics"
        return self._sender.list_page(path, DiagnosticsPage, page_size=ITEMS_PER_PAGE)

    def fetch_rules(self) -> LearningRules:
        path = f"{self._store}/LearningRules"
        return self._sender.fetch(path, LearningRules)

    def put_rules(self, rules: PutLearningRules, *, version: int) -> None:
        """Refused if there is another version than this by now."""
        path = f"{self._store}/LearningRules"
        self._sender.write("PUT", path, rules, version=version)

    def try_rules(self, rules: PutLearningRules) -> RulesTrial:
        path = f"{self._store}/LearningRules/Trial"
        return self._sender.post(path, RulesTrial, rules)

    @property
    def _store(self) -> str:
        return f"/v1/ControlPlane/Stores/{segment('store', self.store_id)}"

    def fetch_model_usage(self) -> ModelUsage:
        return self._sender.fetch(f"{self._store}/ModelUsage", ModelUsage)

    def count_model_usage(self, used: CountModelUsage) -> None:
        self._sender.write("POST", f"{self._store}/ModelUsage", used)

    def list_provenance(
        self,
        profile_id: str,
        *,
        item_id: str = "",
        outcome: str = "",
        page_size: int = 1000,
    ) -> Page[Learned]:
        """What conversations have taught of a customer, from which words; of one
        observation or summary, or of one outcome."""
        query = {"itemId": item_id, "outcome": outcome}
        path = self._provenance(profile_id)
        return self._sender.list_page(path, LearnedPage, page_size=page_size, **query)

    def decide_learned(
        self, profile_id: str, learned_id: str, decision: DecideLearned
    ) -> None:
        path = f"{self._provenance(profile_id)}/{segment('learned', learned_id)}"
        self._sender.write("PATCH", path, decision)

    def _provenance(self, profile_id: str) -> str:
        store = f"/v1/Stores/{segment('store', self.store_id)}"
        return f"{store}/Profiles/{segment('profile', profile_id)}/Provenance"

    def _open(self, conversation_id: str) -> str:
        """The path of a conversation that is this store's. Raises MemoryNotFound."""
        if conversation_id not in self._mine:
            self.fetch_conversation(conversation_id)
        return self._path(conversation_id)

    def _path(self, conversation_id: str) -> str:
        return f"{CONVERSATIONS}/{segment('conversation', conversation_id)}"

    def _check_store(self, settings: ConversationSettings | None) -> None:
        if settings is None or settings.memory_store_id != self.store_id:
            raise MemoryNotFound("Conversation not found.", code=20404, http_status=404)
