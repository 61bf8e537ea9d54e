"""The checks between a message and a recalled memory, pure functions of the evidence; what
each is for, their order and their words stand in checks.toml (docs/doctor.md).

A check yields what it found, nothing if all is well. An answer that did not come raises
its problem: that is "cannot tell", never well.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import combinations
from pathlib import Path
from typing import Any

import msgspec

from console.client.errors import MemoryDenied, MemoryProblem
from console.contract.conversations import configuration as wire
from console.contract.conversations.conversation import DEVICE, ID_TYPES
from console.contract.ids import STORE_ID
from console.contract.memory.store import STORES_PER_ACCOUNT
from console.contract.memory.trait_group import TRAIT_GROUPS_PER_STORE
from console.contract.normalising import InvalidIdentifier, normalise
from console.core.outgoing import read_origin
from console.core.unicode import get_skeletons
from console.monitoring.evidence import Evidence

# After a status is due: the sweep, the extraction and the index take their time.
GRACE = timedelta(seconds=60)
QUIET = timedelta(days=30)
# What conversations keep of their configuration, and cannot bring themselves.
PINNED = ("memory_store_id", "channel_settings", "memory_extraction_enabled")
# Members whose loss is no fault, or another check's.
NOT_MISSED = {"channelSettings", "description", "memoryExtractionEnabled"}
_E164 = r"\+[1-9]\d{6,14}"
# How each channel writes a sender: SMS also short codes and names.
_SENDERS = {
    "SMS": rf"{_E164}|\d{{3,8}}|[A-Za-z][\w ]{{0,10}}",
    "VOICE": _E164,
    "WHATSAPP": rf"(whatsapp:)?{_E164}",
    "RCS": r"(rcs:)?[\w+-]+",
}


class State(StrEnum):
    """The gravest first."""

    FAIL = "fail"
    UNKNOWN = "unknown"
    WARN = "warn"
    KNOWN = "known"
    SKIPPED = "skipped"
    OK = "ok"


class Finding(msgspec.Struct, frozen=True):
    """words  without a customer's data
    mend   what does the fix here; on: to which configuration or conversation
    """

    words: str
    fix: str = ""
    mend: str = ""
    state: State = State.FAIL
    on: str = ""


class Check(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """As checks.toml explains it; once it is judged, its state and what it found."""

    id: int
    name: str = ""
    hop: str
    proves: str
    reads: str
    needs: Sequence[str] = ()
    follows: bool = False
    finds: dict[str, Finding] = {}
    state: State | None = None
    findings: Sequence[Finding] = ()


class Trouble:
    """One of a check's `finds`; the configuration that it is on, and what its words name."""

    def __init__(self, key: str, on: Any = None, **facts: Any) -> None:
        self.key, self.on, self.facts = key, on, facts


Troubles = Iterator[Trouble]
Rules = Sequence[wire.CaptureRule]


def judge_all(e: Evidence, known: Mapping[str, Mapping[str, str]]) -> list[Check]:
    """known  by the check's name: `until` which day its findings are ignored"""
    judged = dict[str, Check]()
    for name, check in CHECKS.items():
        found = sorted(_judge(name, e, judged), key=lambda x: [*State].index(x.state))
        state = found[0].state if found else State.OK
        if known.get(name, {}).get("until", "") > e.now.date().isoformat():
            state = State.KNOWN if state in {State.FAIL, State.WARN} else state
        # What else it could have said is of no use to a program.
        now: dict[str, Any] = {"name": name, "state": state, "finds": {}}
        judged[name] = msgspec.structs.replace(check, findings=found, **now)
    return list(judged.values())


def find_first(verdicts: Sequence[Check]) -> Check | None:
    """The first hop that fails; else that cannot be told; else that is doubtful."""
    wanted = (State.FAIL, State.UNKNOWN, State.WARN)
    found = (each for state in wanted for each in verdicts if each.state == state)
    return next(found, None)


def _judge(name: str, e: Evidence, before: Mapping[str, Check]) -> list[Finding]:
    check = CHECKS[name]
    for each in map(before.__getitem__, check.needs):
        if each.state == State.SKIPPED:
            return [*each.findings]
        if each.state not in {State.OK, State.WARN}:
            words = f"Not before this holds: {each.proves}."
            return [Finding(words, state=State.SKIPPED)]
    try:
        if check.follows and e.subject() is None:
            return [Finding("No conversation to follow.", state=State.SKIPPED)]
        return [_say(check, found, e) for found in JUDGES[name](e)]
    except MemoryProblem as problem:
        return [Finding(problem.message, "Look again later.", state=State.UNKNOWN)]


def _say(check: Check, found: Trouble, e: Evidence) -> Finding:
    said = check.finds[found.key]
    facts = {"store": e.store_id, "configuration": _call(found.on)} | found.facts
    words, fix = said.words.format(**facts), said.fix.format(**facts)
    on = facts.get("talk") or getattr(found.on, "id", "")
    return msgspec.structs.replace(said, words=words, fix=fix, on=on)


def _call(settings: wire.ConversationSettings | None) -> str:
    return f"Configuration “{settings.display_name}”" if settings else ""


def _at(moment: datetime) -> str:
    return f"{moment:%d %b %Y, %H:%M} UTC"


# -- Linked


def check_credentials(e: Evidence) -> Troubles:
    answers = {"conversations": e.configurations, "knowledge": e.knowledge}
    for host, answer in ({"memory": e.store_ids} | answers).items():
        if isinstance(no := answer.problem, MemoryDenied):
            yield Trouble("denied", host=host, status=no.http_status, code=no.code)
        elif not (host == "knowledge" and answer.is_missing):
            answer()


def check_store(e: Evidence) -> Troubles:
    if e.store.is_missing:
        yield Trouble("gone")
        return
    there = {e.store().id, *e.store_ids()}
    for each in e.configurations():
        named = each.memory_store_id
        if STORE_ID.fullmatch(named) and named not in there:
            yield Trouble("lost", each, named=named)


def check_usable(e: Evidence) -> Troubles:
    if (status := e.store().status) != "ACTIVE":
        yield Trouble("waiting", status=status)


def check_configuration(e: Evidence) -> Troubles:
    ids = {each.id for each in e.configurations()}
    named = {each.configuration_id for each in e.talks}
    if e.asked and (gone := named - ids - {None}):
        yield Trouble("deleted", named=gone.pop())
    elif not (e.linked or named & ids):
        yield Trouble("none" if e.is_linked else "unasked", count=len(ids))


def check_store_id(e: Evidence) -> Troubles:
    for each in e.configurations():
        if not STORE_ID.fullmatch(each.memory_store_id):
            yield Trouble("malformed", each, named=each.memory_store_id)


def check_intended(e: Evidence) -> Troubles:
    if e.is_foreign:
        yield Trouble("foreign")
    used = {each.configuration_id for each in e.talks}
    for each in e.configurations():
        if each.id in used and each.memory_store_id != e.store_id:
            yield Trouble("moved", each)
    looks = get_skeletons(e.store().display_name)
    for other in e.stores():
        if looks & get_skeletons(other.display_name):
            yield Trouble("twin", named=other.display_name, id=other.id)


# -- Configuration


def check_members(e: Evidence) -> Troubles:
    for each in e.linked:
        now, lost = msgspec.to_builtins(each), set[str]()
        for had in e.list_pinned(each):
            channels = had.channel_settings.keys() - each.channel_settings.keys()
            lost |= {f"channelSettings.{channel}" for channel in channels}
            members = msgspec.to_builtins(had).items()
            lost |= {k for k, value in members if value and not now[k]} - NOT_MISSED
        if lost and getattr(each, "version", 1) > 1:
            yield Trouble("dropped", each, members=", ".join(sorted(lost)))


def check_bridge(e: Evidence) -> Troubles:
    for each in e.linked:
        chat, bridge = each.channel_settings.get("CHAT"), each.conversations_v1_bridge
        if chat and chat.capture_rules and not bridge:
            yield Trouble("missing", each)
        for other in e.configurations():
            if bridge and other != each and other.conversations_v1_bridge == bridge:
                yield Trouble("shared", each, other=_call(other))


def check_callbacks(e: Evidence) -> Troubles:
    for each in e.linked:
        for place, callback in enumerate(each.status_callbacks):
            if not read_origin(callback.url, allow_private=False):
                yield Trouble("private", each, place=place)
    if not e.deliveries.is_missing:
        given_up = [x for x in e.deliveries() if not (x.delivered_at or x.due_at)]
        if given_up:
            answer = given_up[0].answer or "none"
            yield Trouble("given_up", count=len(given_up), answer=answer)


def check_version(e: Evidence) -> Troubles:
    by_id = {each.id: each for each in e.configurations()}
    for talk in e.talks:
        now, had = by_id.get(talk.configuration_id or ""), talk.configuration
        if talk.status == "CLOSED" or not (now and had):
            continue
        is_other = any(getattr(now, each) != getattr(had, each) for each in PINNED)
        if is_other and talk.created_at <= now.updated_at:
            yield Trouble("pinned", now, talk=talk.id, version=now.version)


# -- Grouping


def check_grouping(e: Evidence) -> Troubles:
    matched = e.identity().matching_rules
    for each in e.linked:
        if each.conversation_grouping_type == "GROUP_BY_PROFILE":
            for channel, type_ in _list_types(each):
                if type_ not in matched:
                    yield Trouble("unresolved", each, channel=channel, type=type_)


def _list_types(*settings: wire.ConversationSettings) -> list[tuple[str, str]]:
    """Of the channels in use, by what people are told apart there."""
    channels = {channel for each in settings for channel in each.channel_settings}
    return sorted((x, ID_TYPES[x]) for x in channels if x in ID_TYPES)


# -- Capture


def check_rules(e: Evidence) -> Troubles:
    for each in e.linked:
        for channel, setting in each.channel_settings.items():
            count = len(setting.capture_rules)
            for key, place in _find_faults(channel, setting.capture_rules):
                yield Trouble(key, each, channel=channel, place=place, count=count)
        if not ([*_list_rules([each])] or e.list_pinned(each)):
            yield Trouble("unused", each)


def _list_rules(settings: Iterable[wire.ConversationSettings]) -> Iterator[Any]:
    """With whose they are, the channel and the place."""
    for each in settings:
        for channel, setting in each.channel_settings.items():
            for place, rule in enumerate(setting.capture_rules):
                yield each, channel, place, rule


def _find_faults(channel: str, rules: Rules) -> Iterator[tuple[str, int]]:
    if len(rules) > wire.CAPTURE_RULES_MAX:
        yield "too_many", 0
    pairs = {(rule.from_, rule.to) for rule in rules}
    for place, rule in enumerate(rules):
        sides = {rule.from_, rule.to}
        if channel not in _SENDERS or "callType" in rule.metadata:
            continue
        if sides == {"*"}:
            yield "everything", place
        elif any(not re.fullmatch(_SENDERS[channel], x) for x in sides - {"*"}):
            yield "number", place
        elif "*" in sides and channel != "VOICE" and (rule.to, rule.from_) not in pairs:
            yield "one_way", place


def check_overlap(e: Evidence) -> Troubles:
    pairs = combinations(_list_rules(e.configurations()), 2)
    for (one, channel, place, rule), (other, channel_2, place_2, also) in pairs:
        is_ours = one in e.linked or other in e.linked
        is_twice = _contains(rule, also) or _contains(also, rule)
        if is_ours and is_twice and channel == channel_2:
            there = {"other": _call(other), "place_there": place_2}
            yield Trouble("twice", one, channel=channel, place=place, **there)


def _contains(wide: wire.CaptureRule, narrow: wire.CaptureRule) -> bool:
    """A number's rule and one to another of your numbers meet only where you write to
    yourself: neither contains the other."""
    sides = wide.from_ in {"*", narrow.from_} and wide.to in {"*", narrow.to}
    return sides and wide.metadata == narrow.metadata


def check_traffic(e: Evidence) -> Troubles:
    newest = max((each.created_at for each in e.recent()), default=None)
    if newest is None or newest < e.now - QUIET:
        yield Trouble("quiet", day=f"{newest:%d %b %Y}" if newest else "the beginning")


# -- Timers


def check_timeouts(e: Evidence) -> Troubles:
    for each in e.linked:
        # Without timers some conversations have ended: a program closes them.
        by_program = [x for x in e.list_pinned(each, "CLOSED") if not _has_end(x)]
        if not (_has_end(each) or by_program):
            yield Trouble("never", each)
        for channel, setting in each.channel_settings.items():
            timer = setting.status_timeouts
            if timer and timer.closed and timer.closed <= (timer.inactive or 0):
                minutes: dict[str, Any] = msgspec.to_builtins(timer)
                yield Trouble("unreached", each, channel=channel, **minutes)


def _has_end(settings: wire.ConversationSettings) -> bool:
    timers = [each.status_timeouts for each in settings.channel_settings.values()]
    return any(timer and timer.closed for timer in timers)


def check_stuck(e: Evidence) -> Troubles:
    """Counted from the last message of all, by the longest timer of the channels in use:
    so none is called late that is not."""
    for talk in e.talks:
        said = [x.created_at for x in e.turns() if x.conversation_id == talk.id]
        last = talk.last_communication_at or max(said, default=None)
        used = {item.channel for each in talk.participants for item in each.addresses}
        channels = talk.configuration.channel_settings if talk.configuration else {}
        timers = [channels[each].status_timeouts for each in used & channels.keys()]
        for wanted in ("INACTIVE", "CLOSED"):
            minutes = [getattr(each, wanted.lower(), None) or 0 for each in timers]
            due = (
                last + timedelta(minutes=max(minutes))
                if last and any(minutes)
                else None
            )
            if due and talk.status not in {wanted, "CLOSED"} and due + GRACE < e.now:
                now: dict[str, Any] = {"status": talk.status, "due": _at(due)}
                yield Trouble("late", talk=talk.id, wanted=wanted, **now)


# -- Participants and profiles


def check_traits(e: Evidence) -> Troubles:
    traits = [x for group in e.groups() for x in group.definitions.values()]
    promoted = {each.id_type_promotion for each in traits}
    for channel, type_ in _list_types(*e.linked):
        if type_ not in promoted:
            yield Trouble("missing", channel=channel, type=type_)


def check_identity(e: Evidence) -> Troubles:
    configs = {each.id_type: each for each in e.identity().identifier_configs}
    for type_ in sorted({type_ for _, type_ in _list_types(*e.linked)}):
        config = configs.get(type_)
        if config is None or type_ not in e.identity().matching_rules:
            yield Trouble("unmatched", type=type_)
        elif type_ == "phone" and config.normalization != "phone":
            yield Trouble("spelling", by=config.normalization)
        elif config.limit == 1:
            yield Trouble("single", type=type_)


def check_customer(e: Evidence) -> Troubles:
    people, customers = e.talk.participants, e.customers
    if not customers:
        unknown = sum(each.type == "UNKNOWN" for each in people)
        yield Trouble("nobody", count=len(people), unknown=unknown)
    sides = [{rule.from_, rule.to} for *_, rule in _list_rules(e.linked)]
    ours = set[str]().union(*(each for each in sides if "*" in each))
    addresses = [{item.address for item in each.addresses} for each in customers]
    agents = sum(bool(ours & each) for each in addresses)
    if agents or len(people) == len(customers) > 1:
        yield Trouble("agent", agents=agents or len(customers), count=len(people))


def check_address(e: Evidence) -> Troubles:
    if why := e.match().problem:
        yield Trouble("unfit", why=why)
    for person in e.customers:
        whys = [_find_unfit(e, each.channel, each.address) for each in person.addresses]
        if whys and all(whys):
            yield Trouble("unfit", why=whys[0])


def _find_unfit(e: Evidence, channel: str, address: str) -> str:
    kinds = {x.id_type: x.normalization for x in e.identity().identifier_configs}
    id_type = ID_TYPES.get(channel, "")
    if DEVICE.match(address) or not id_type:
        return "a client or SIP identity names a device, and other channels nobody"
    try:
        text = address.removeprefix("rcs:")
        normalise(text, kinds.get(id_type, "trim"), e.identity().phone_region)
    except InvalidIdentifier as why:
        return f"{id_type}: {why}"
    return ""


def check_profile(e: Evidence) -> Troubles:
    if not e.customers:
        is_stranger = e.asked and not (e.subject() or e.match().profiles)
        yield Trouble("stranger" if is_stranger and not e.is_foreign else "nobody")
    without = [each for each in e.customers if not each.profile_id]
    if without:
        told = () if e.diagnostics.is_missing else e.diagnostics()
        why = ", ".join(sorted({f"diagnostic {each.code}" for each in told}))
        facts: dict[str, Any] = {"without": len(without), "count": len(e.customers)}
        yield Trouble("missing", why=why or "no diagnostic says why", **facts)


def check_resolves(e: Evidence) -> Troubles:
    for profile_id, found in e.profiles().items():
        if found != profile_id:
            key = "merged" if found else "gone"
            yield Trouble(key, profile=profile_id, into=found)


def check_diagnostics(e: Evidence) -> Troubles:
    if e.diagnostics.is_missing:
        yield Trouble("untold")
        return
    codes = {str(each.code) for each in e.diagnostics()}
    yield from map(Trouble, sorted(codes & CHECKS["diagnostics"].finds.keys()))


# -- Extraction


def check_extraction(e: Evidence) -> Troubles:
    off = [each for each in e.linked if not each.memory_extraction_enabled]
    yield from (Trouble("off", each) for each in off)
    began = e.talk.configuration if e.asked and e.subject() else None
    if began and not (off or began.memory_extraction_enabled):
        yield Trouble("began_off")


def check_content(e: Evidence) -> Troubles:
    customers = {each.id for each in e.customers}
    said = [each for each in e.turns() if each.content.text.strip()]
    if e.talk.status == "ACTIVE":
        yield Trouble("open")
    elif not said:
        yield Trouble("no_text" if e.turns() else "empty", count=len(e.turns()))
    elif not any(each.author.participant_id in customers for each in said):
        yield Trouble("one_sided", count=len(said))


def check_trigger(e: Evidence) -> Troubles:
    if e.transitions.is_missing:
        return
    ends = [each for each in e.transitions() if each.status != "ACTIVE"]
    learning = ends[-1].learning if ends else ""
    if not learning:
        yield Trouble("unseen", status=e.talk.status)
    elif learning == "FAILED":
        yield Trouble("failed")
    elif learning == "PENDING":
        since = ends[-1].recorded_at
        is_fresh = e.now < since + GRACE
        yield Trouble("reading" if is_fresh else "waits", since=_at(since))


# -- Learned


def check_observations(e: Evidence) -> Troubles:
    if not e.observations():
        yield _explain_nothing(e, "observation")


def check_summary(e: Evidence) -> Troubles:
    if e.talk.status != "CLOSED":
        yield Trouble("early")
    elif not e.summaries():
        yield _explain_nothing(e, "summary")


def _explain_nothing(e: Evidence, kind: str) -> Trouble:
    if e.now < e.talk.updated_at + GRACE:
        return Trouble("just")
    if e.learned.is_missing:
        return Trouble("none")
    known = [each for each in e.learned() if each.kind == kind]
    held = sum(each.outcome in {"quarantined", "proposed"} for each in known)
    if any(each.item_id for each in known):
        return Trouble("deleted")
    return Trouble("held" if held else "nothing", held=held)


def check_recall(e: Evidence) -> Troubles:
    # By its text: a copy of the same words may come in its place.
    kept = {each.content for each in e.observations() if not each.retracted_for}
    for how, answer in (("own text", e.by_text), ("conversation", e.by_conversation)):
        if kept and not kept & {each.content for each in answer()}:
            yield Trouble("unindexed", count=len(kept), how=how)


def check_capacity(e: Evidence) -> Troubles:
    for what, count, limit in (
        ("stores of the account", len(e.store_ids()), STORES_PER_ACCOUNT),
        ("configurations", len(e.configurations()), wire.CONFIGURATIONS_PER_ACCOUNT),
        ("trait groups", len(e.groups()), TRAIT_GROUPS_PER_STORE),
    ):
        if count >= limit:
            yield Trouble("full", what=what, count=count, limit=limit)


TABLE = Path(__file__).with_suffix(".toml").read_bytes()
CHECKS = msgspec.toml.decode(TABLE, type=dict[str, Check])
Judge = Callable[[Evidence], Troubles]
JUDGES: dict[str, Judge] = {name: globals()[f"check_{name}"] for name in CHECKS}
