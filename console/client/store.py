"""One store of a memory, with everything that can be asked of it (docs/contract.md)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import IO, Any, TypeVar

import msgspec

from console.client import errors
from console.client.conversations import ConversationsClient
from console.client.decode import Misfit, check_depth, decode_object
from console.client.errors import MemoryRefused
from console.client.http import Answer, Page, Sender, check_same, segment, to_page
from console.contract.memory.data_mapping import DataMapping, DataMappingsPage
from console.contract.memory.error import Accepted
from console.contract.memory.identifier import (
    Identifier,
    IdentifierSet,
    IdentifierSets,
    LookupResult,
)
from console.contract.memory.identity_settings import (
    IdentitySettings,
    PutIdentitySettings,
)
from console.contract.memory.ledger import LedgerEntry, LedgerPage, LedgerReport
from console.contract.memory.merge import (
    DecideSuggestion,
    Merge,
    MergesPage,
    MergeSuggestion,
    MergeSuggestionsPage,
    Unmerged,
)
from console.contract.memory.observation import (
    CreateObservations,
    NewObservation,
    Observation,
    ObservationsPage,
    PatchObservation,
    RevisionsPage,
)
from console.contract.memory.operation import Operation, Refusal
from console.contract.memory.profile import (
    CreatedProfile,
    Profile,
    ProfileActivity,
    ProfilesPage,
    ProfileTraits,
    SearchProfiles,
    SearchResult,
)
from console.contract.memory.profile_import import (
    AnnouncedImport,
    CreateImport,
    ImportsPage,
    ProfileImport,
    RefusalsPage,
)
from console.contract.memory.recall import Recall
from console.contract.memory.store import PatchStore
from console.contract.memory.summary import (
    CreateSummaries,
    NewSummary,
    PatchSummary,
    SummariesPage,
    Summary,
)
from console.contract.memory.suppression import Suppression, SuppressionsPage
from console.contract.memory.trait import SentTraits, Trait, TraitsPage
from console.contract.memory.trait_group import (
    CreateTraitGroup,
    FetchedTraitGroup,
    PatchTraitGroup,
    TraitGroup,
    TraitGroupsPage,
)
from console.contract.times import to_wire

STORES = "/v1/ControlPlane/Stores"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One call as it went over the wire, for people who debug. No credentials."""

    method: str
    path: str
    request: dict[str, Any] | None = field(repr=False)
    status: int
    response: dict[str, Any] = field(repr=False)
    elapsed_ms: float


class RecallAnswer(Recall, frozen=True, kw_only=True):
    """`canonical_id` when the profile asked for was merged into this one."""

    exchange: Exchange
    canonical_id: str | None = None


class StoreClient:
    """All calls inside one store; made by `AccountClient.store`.

    Bound to one store, so that it can never name another tenant's. Every method raises
    MemoryProblem. What is sent is the memory's to check: a noun is sent as it is.
    """

    def __init__(self, sender: Sender, store_id: str, talks: Sender) -> None:
        self.store_id = store_id
        self._sender, self._talks = sender, talks
        self._control = f"{STORES}/{segment('store', store_id)}"
        self._data = f"/v1/Stores/{segment('store', store_id)}"
        self._profiles = f"{self._data}/Profiles"

    def __repr__(self) -> str:
        return f"<StoreClient {self.store_id}>"

    @property
    def gather(self) -> Callable[..., list[Any]]:
        """Takes calls that do not need each other (Sender.gather)."""
        return self._sender.gather

    @property
    def check_has(self) -> Callable[[str], None]:
        """Takes what a page is about, such as "trait groups" (Sender.check_has)."""
        return self._sender.check_has

    @property
    def declares(self) -> bool:
        """Whether a trait is declared before it has a value."""
        return self._sender.declares

    @cached_property
    def conversations(self) -> ConversationsClient:
        return ConversationsClient(self._talks, self.store_id)

    # -- How the store is set up: identity settings and trait groups (10.2, 10.3).

    def identity_settings(self) -> IdentitySettings:
        path = f"{self._control}/IdentityResolutionSettings"
        return self._sender.fetch(path, IdentitySettings)

    def put_identity_settings(
        self, settings: PutIdentitySettings, *, version: int
    ) -> None:
        """In the place of those of `version`. MemoryConflict if they are others now."""
        path = f"{self._control}/IdentityResolutionSettings"
        self._sender.write("PUT", path, settings, version=version)

    def list_trait_groups(self, *, page_token: str = "") -> Page[TraitGroup]:
        """With all their traits."""
        path = f"{self._control}/TraitGroups"
        return self._sender.list_page(
            path, TraitGroupsPage, page_token, 50, includeTraits=True
        )

    def fetch_trait_group(self, name: str) -> TraitGroup:
        """With all its traits: at most 95, one page holds 100."""
        group = self._sender.fetch(
            self._trait_group(name),
            FetchedTraitGroup,
            includeTraits="true",
            pageSize="100",
        ).trait_group
        check_same(group.display_name or name, name)
        return msgspec.structs.replace(group, display_name=name)

    def create_trait_group(self, group: CreateTraitGroup) -> Operation:
        """A name that is taken is a FAILED operation, not an error here."""
        return self._sender.start("POST", f"{self._control}/TraitGroups", group)

    def patch_trait_group(
        self, name: str, change: PatchTraitGroup, *, version: int = -1
    ) -> Operation:
        """Traits that are not named stay; a `data_type` of "" deletes one. Of `version`,
        if it is given: MemoryConflict if it is another now."""
        path = self._trait_group(name)
        return self._sender.start("PATCH", path, change, version=version)

    def delete_trait_group(self, name: str) -> Operation:
        """The group and all its traits. MemoryConflict when it is protected."""
        return self._sender.start("DELETE", self._trait_group(name))

    def list_data_mappings(self, *, page_token: str = "") -> Page[DataMapping]:
        """Contract 10.4."""
        path = f"{self._control}/DataMappings"
        return self._sender.list_page(path, DataMappingsPage, page_token, 100)

    # -- Imports of files (11.7).

    def list_imports(self, *, page_token: str = "") -> Page[str]:
        """Ids, newest first."""
        path = f"{self._profiles}/Imports"
        return self._sender.list_page(path, ImportsPage, page_token, 10)

    def create_import(self, file: CreateImport, content: IO[bytes]) -> str:
        """Announces a file and uploads it; the import's id."""
        path = f"{self._profiles}/Imports"
        announced = self._sender.post(path, AnnouncedImport, file)
        self._sender.upload(announced.url, content, file.file_size)
        return announced.import_id

    def fetch_import(self, import_id: str) -> ProfileImport:
        return self._sender.fetch(self._import(import_id), ProfileImport)

    def list_refusals(
        self, import_id: str, *, page_token: str = "", page_size: int = 1000
    ) -> Page[Refusal]:
        """Of the built-in memory; MemoryNotFound where a memory does not tell them."""
        path = f"{self._import(import_id)}/Refusals"
        return self._sender.list_page(path, RefusalsPage, page_token, page_size)

    # -- Profiles, their identifiers and their traits (11.1 to 11.3).

    def list_profiles(
        self, *, page_token: str = "", page_size: int = 50, order: str = "DESC"
    ) -> Page[str]:
        """Ids of profiles by creation; `order` is ASC or DESC."""
        return self._sender.list_page(
            self._profiles, ProfilesPage, page_token, page_size, orderBy=order
        )

    def list_activity(
        self,
        *,
        page_size: int,
        order: str,
        page_token: str = "",
        id_type: str = "",
        since: str = "",
        ids: Iterable[str] = (),
    ) -> Page[ProfileActivity]:
        """The same with what is known of each, where the built-in memory is asked; another
        one has only ids, and `order` of the page says so. `order` may be one of UPDATE."""
        query = {"pageToken": page_token, "pageSize": str(page_size), "orderBy": order}
        query |= {"idType": id_type, "updatedSince": since, "includeActivity": "true"}
        query["ids"] = ",".join(ids)
        answer = self._sender.send_list(self._profiles, ProfilesPage, query)
        alone = [ProfileActivity(id=each) for each in answer.content.profiles]
        return replace(to_page(answer), items=tuple(answer.content.activity or alone))

    def create_profile(self, traits: SentTraits) -> CreatedProfile:
        """A new profile, or the one that the identifiers lead to."""
        body = ProfileTraits(traits=traits)
        return self._sender.post(self._profiles, CreatedProfile, body)

    def fetch_profile(
        self,
        profile_id: str,
        *,
        trait_groups: Sequence[str] = (),
        merged_ids: bool = False,
    ) -> Profile:
        """With the traits of the groups named, or of all.

        Its id is another than the one asked for when that profile was merged into it.
        """
        query: dict[str, str | bool] = {"traitGroups": ",".join(trait_groups)}
        query["includeMergedIds"] = merged_ids
        path = self._profile(profile_id)
        answer = self._sender.send("GET", path, Profile, query=query)
        canonical_id = answer.canonical_id or profile_id
        check_same(answer.content.id or profile_id, profile_id, canonical_id)
        return msgspec.structs.replace(answer.content, id=canonical_id)

    def patch_profile(self, profile_id: str, traits: SentTraits) -> tuple[Refusal, ...]:
        """Sets the traits that are named; None removes one. Answers by which values the
        profile is not found; a hosted memory does not tell that."""
        path, body = self._profile(profile_id), ProfileTraits(traits=traits)
        answer = self._sender.send("PATCH", path, Accepted, body=body)
        return answer.content.refusals

    def delete_profile(self, profile_id: str, *, suppress: bool = False) -> None:
        """For good, with all that is remembered. MemoryMoved if it was merged.

        suppress  its identifiers are refused from then on; the built-in memory alone
        """
        path, query = self._profile(profile_id), {"suppress": suppress}
        self._sender.send("DELETE", path, dict[str, Any], query=query)

    def list_suppressions(self, *, page_token: str = "") -> Page[Suppression]:
        """MemoryNotFound where a memory has no such list."""
        path = f"{self._data}/Suppressions"
        return self._sender.list_page(path, SuppressionsPage, page_token, 100)

    def lift_suppression(self, suppression_id: str) -> None:
        child = segment("suppression", suppression_id)
        self._sender.write("DELETE", f"{self._data}/Suppressions/{child}")

    def lookup(self, id_type: str, value: str) -> LookupResult:
        """Who holds an identifier; the memory normalises it. None: no profiles."""
        path = f"{self._profiles}/Lookup"
        asked = Identifier(id_type=id_type, value=value)
        return self._sender.post(path, LookupResult, asked, reads=True)

    def search(self, asked: SearchProfiles) -> SearchResult | None:
        """None when the memory has no search: an extension of the embedded one's."""
        path = f"{self._profiles}/Search"
        try:
            return self._sender.post(path, SearchResult, asked, reads=True)
        except MemoryRefused as refused:
            if refused.http_status in {404, 405}:
                return None
            raise

    def list_identifiers(self, profile_id: str) -> tuple[IdentifierSet, ...]:
        path = f"{self._profile(profile_id)}/Identifiers"
        return self._sender.fetch(path, IdentifierSets).identifiers

    def add_identifier(self, profile_id: str, id_type: str, value: str) -> None:
        """A value that another profile holds may merge the two (contract 12.2)."""
        path = f"{self._profile(profile_id)}/Identifiers"
        self._sender.write("POST", path, Identifier(id_type=id_type, value=value))

    def list_traits(
        self,
        profile_id: str,
        *,
        page_token: str = "",
        page_size: int = 100,
        trait_groups: Sequence[str] = (),
    ) -> Page[Trait]:
        return self._sender.list_page(
            f"{self._profile(profile_id)}/Traits",
            TraitsPage,
            page_token,
            page_size,
            traitGroups=",".join(trait_groups),
        )

    # -- Merges; of the built-in memory: MemoryNotFound where a memory has no such lists.

    def list_merge_suggestions(self, *, page_token: str = "") -> Page[MergeSuggestion]:
        """What waits for a person, newest first."""
        path = f"{self._data}/MergeSuggestions"
        return self._sender.list_page(path, MergeSuggestionsPage, page_token)

    def decide_suggestion(self, suggestion_id: str, *, accept: bool) -> None:
        child = segment("suggestion", suggestion_id)
        body = DecideSuggestion(decision="accept" if accept else "refuse")
        self._sender.write("POST", f"{self._data}/MergeSuggestions/{child}", body)

    def list_merges(self, *, page_token: str = "") -> Page[Merge]:
        """What can be taken back, newest first."""
        return self._sender.list_page(f"{self._data}/Merges", MergesPage, page_token)

    def unmerge_profile(self, profile_id: str) -> Unmerged:
        path = f"{self._data}/Merges/{segment('profile', profile_id)}/Unmerge"
        return self._sender.post(path, Unmerged, {})

    # -- Observations, conversation summaries and recall (11.4 to 11.6).

    def list_observations(
        self,
        profile_id: str,
        *,
        page_token: str = "",
        page_size: int = 50,
        order: str = "DESC",
        source: str = "",
        conversation_id: str = "",
        retracted: bool = False,
    ) -> Page[Observation]:
        """By creation; `order` may be one of OCCURRENCE, which only the built-in memory
        knows: the page's order says whether it was kept. So with `retracted` ones alone.
        """
        return self._sender.list_page(
            self._observations(profile_id),
            ObservationsPage,
            page_token,
            page_size,
            orderBy=order,
            source=source,
            conversationId=conversation_id,
            retracted=retracted,
        )

    def create_observations(
        self, profile_id: str, observations: list[NewObservation]
    ) -> bool:
        """1 to 10 of them, all or none; whether the memory takes them as they are."""
        body = CreateObservations(observations=observations)
        answer = self._sender.write("POST", self._observations(profile_id), body)
        return not answer.content.get("refusals")

    def fetch_observation(self, profile_id: str, observation_id: str) -> Observation:
        path = self._observation(profile_id, observation_id)
        return self._sender.fetch_one(path, Observation, observation_id)

    def patch_observation(
        self, profile_id: str, observation_id: str, change: PatchObservation
    ) -> None:
        path = self._observation(profile_id, observation_id)
        self._sender.write("PATCH", path, change)

    def delete_observation(self, profile_id: str, observation_id: str) -> None:
        """For good, with its revisions. MemoryMoved if the profile was merged."""
        path = self._observation(profile_id, observation_id)
        self._sender.write("DELETE", path)

    def list_revisions(
        self,
        profile_id: str,
        observation_id: str,
        *,
        page_token: str = "",
        page_size: int = 50,
    ) -> Page[Observation]:
        """Every state of one observation, newest first, the current one included."""
        path = f"{self._observation(profile_id, observation_id)}/Revisions"
        page = self._sender.list_page(path, RevisionsPage, page_token, page_size)
        for revision in page.items:
            check_same(revision.id, observation_id)
        return page

    def list_summaries(
        self,
        profile_id: str,
        *,
        page_token: str = "",
        page_size: int = 50,
        order: str = "",
        conversation_id: str = "",
    ) -> Page[Summary]:
        """By creation, newest first; `order` as above."""
        return self._sender.list_page(
            self._summaries(profile_id),
            SummariesPage,
            page_token,
            page_size,
            orderBy=order,
            conversationId=conversation_id,
        )

    def create_summaries(self, profile_id: str, summaries: list[NewSummary]) -> None:
        """1 to 10 of them, all or none."""
        body = CreateSummaries(summaries=summaries)
        self._sender.write("POST", self._summaries(profile_id), body)

    def fetch_summary(self, profile_id: str, summary_id: str) -> Summary:
        path = self._summary(profile_id, summary_id)
        return self._sender.fetch_one(path, Summary, summary_id)

    def patch_summary(
        self, profile_id: str, summary_id: str, change: PatchSummary
    ) -> None:
        self._sender.write("PATCH", self._summary(profile_id, summary_id), change)

    def delete_summary(self, profile_id: str, summary_id: str) -> None:
        """For good. MemoryMoved if the profile was merged."""
        self._sender.write("DELETE", self._summary(profile_id, summary_id))

    def recall(
        self,
        profile_id: str,
        *,
        query: str = "",
        conversation_id: str = "",
        begin: datetime | None = None,
        end: datetime | None = None,
        observations_limit: int = 20,
        summaries_limit: int = 5,
        communications_limit: int = 0,
        relevance_threshold: float = 0.0,
        trace: bool = False,
        trace_items: Sequence[str] = (),
        masked: bool = False,
        as_of: datetime | None = None,
    ) -> RecallAnswer:
        """Ranked by `query`, else by the conversation, else newest first unscored.

        trace   asks why, also of `trace_items`; only the embedded memory answers that
        masked  asks for a ranking by the masked texts; likewise, and the answer says so
        as_of   asks for the memory as it stood then; likewise
        """
        body = given(
            query=query or None,
            conversationId=conversation_id or None,
            beginDate=begin,
            endDate=end,
            observationsLimit=observations_limit,
            summariesLimit=summaries_limit,
            communicationsLimit=communications_limit,
            relevanceThreshold=relevance_threshold,
            trace=trace or None,
            traceItems=list(trace_items) or None,
            masked=masked or None,
            asOf=as_of,
        )
        path = f"{self._profile(profile_id)}/Recall"
        answer = self._sender.send("POST", path, Recall, body=body, reads=True)
        return RecallAnswer(
            **msgspec.structs.asdict(answer.content),
            exchange=_build_exchange(answer),
            canonical_id=answer.canonical_id,
        )

    # -- The ledger of what programs recalled; of the built-in memory: MemoryNotFound where
    # a memory keeps none.

    def list_ledger(
        self,
        *,
        page_token: str = "",
        profile_id: str = "",
        mode: str = "",
        before: datetime | None = None,
    ) -> Page[LedgerEntry]:
        return self._sender.list_page(
            f"{self._data}/RecallLedger",
            LedgerPage,
            page_token,
            profileId=profile_id,
            mode=mode,
            before=to_wire(before) if before else "",
        )

    def fetch_ledger_entry(self, entry_id: str) -> LedgerEntry:
        child = segment("ledger entry", entry_id)
        return self._sender.fetch(f"{self._data}/RecallLedger/{child}", LedgerEntry)

    def report_ledger(self) -> LedgerReport:
        return self._sender.fetch(f"{self._data}/RecallLedger/Report", LedgerReport)

    def patch_store(self, change: PatchStore, *, version: int = -1) -> None:
        """Of `version`, if it is given. MemoryConflict if it is another now."""
        self._sender.write("PATCH", self._control, change, version=version)

    def _import(self, import_id: str) -> str:
        return f"{self._profiles}/Imports/{segment('import', import_id)}"

    def _trait_group(self, name: str) -> str:
        return f"{self._control}/TraitGroups/{segment('trait group', name)}"

    def _profile(self, profile_id: str) -> str:
        return f"{self._profiles}/{segment('profile', profile_id)}"

    def _observations(self, profile_id: str) -> str:
        return f"{self._profile(profile_id)}/Observations"

    def _observation(self, profile_id: str, observation_id: str) -> str:
        child = segment("observation", observation_id)
        return f"{self._observations(profile_id)}/{child}"

    def _summaries(self, profile_id: str) -> str:
        return f"{self._profile(profile_id)}/ConversationSummaries"

    def _summary(self, profile_id: str, summary_id: str) -> str:
        return f"{self._summaries(profile_id)}/{segment('summary', summary_id)}"


def _build_exchange(answer: Answer[Any]) -> Exchange:
    """Raises MemoryUnexpected for an answer nested deeper than pages can show."""
    response = answer.response
    document = decode_object(response.body)
    try:
        check_depth(document)
    except Misfit as misfit:
        raise errors.build_misfit(misfit.place, maybe_done=False) from None
    return Exchange(
        method=response.call.method,
        path=response.call.path,
        request=response.call.body,
        status=response.status,
        response=document,
        elapsed_ms=answer.elapsed_ms,
    )


def given(**fields: Any) -> dict[str, Any]:
    """The fields that are not None, for a change of only these."""
    return {
        name: to_wire(value) if isinstance(value, datetime) else value
        for name, value in fields.items()
        if value is not None
    }
