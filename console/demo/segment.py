"""An emulator of Segment, for the demo and for tests: its Profile and Tracking APIs on this
machine, one space and its sources, and the deletions of its Public API.

    python -m console.demo.segment [PORT]

    with Emulator() as segment:
        ...segment.profiles_url, segment.tracking_url

What Segment answers with 200 and loses is lost here too, and kept with its reason in
`lost`. Everything else is an event that counts once by its messageId, finds a profile by
its identifiers, makes or merges some, and leaves traits and history there.
"""

import base64
import gzip
import json
import re
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import RLock, Thread
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

from console.contract.segment import (
    BATCH_BYTES,
    BATCH_EVENTS,
    EVENT_BYTES,
    MESSAGE_ID_LENGTH,
    TRAITS_AN_EVENT,
    external_id,
)

GROUP_ID_LENGTH, HISTORY_DAYS, CALLS_KEPT = 500, 14, 1000
REMEMBERED = timedelta(hours=24)
METHODS = ("identify", "track", "page", "screen", "group", "alias")
# A value that is no identifier of anybody.
BLOCKED = re.compile(r"[0-]*|-1|null|anonymous", re.IGNORECASE)
ROUTE = re.compile(
    r"/v1/spaces/(?P<space>[^/]+)/collections/users/profiles/"
    r"(?P<type>[^/:]+):(?P<value>[^/]+)/"
    r"(?P<resource>traits|external_ids|events)"
)
NO_SUCH_PROFILE = (404, "not_found", "The resource was not found.")


@dataclass
class EmulatedSource:
    """A write key's. `connected`: to the space, without which nothing arrives there."""

    id: str
    connected: bool = True
    region: str = "US"


@dataclass
class EmulatedTrait:
    value: Any
    source_id: str
    updated_at: datetime


@dataclass
class EmulatedProfile:
    """identifiers  (type, value) and since when, by which message and source"""

    identifiers: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    traits: dict[str, EmulatedTrait] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)


class Failure(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class Emulator:
    """
    tokens    profile access tokens of the space
    sources   by write key
    limits    identifier types of the space, and how many values a profile may have
    calls     method and path of each, with the body that came
    answers   statuses to come, before anything is looked at: outages and limits
    seconds   that each answer takes
    """

    def __init__(self, port: int = 0) -> None:
        self.space, self.region = "spa_emulator", "US"
        self.tokens = {"profile-token"}
        self.sources = {
            "write-key": EmulatedSource("src_emulator"),
            "loose-key": EmulatedSource("src_loose", connected=False),
        }
        self.limits = {"user_id": 1, "email": 5, "anonymous_id": 5, "phone": 5}
        self.profiles: list[EmulatedProfile] = []
        self.accepted: list[dict[str, Any]] = []
        self.lost: list[tuple[str, dict[str, Any]]] = []
        self.calls: list[tuple[str, str, Any]] = []
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.public_tokens = {"public-token"}
        self.deletions: dict[str, dict[str, Any]] = {}
        self.wait: Callable[[], object] = lambda: None
        self._seen: dict[str, datetime] = {}
        self._lock = RLock()
        self.server = _Server(("127.0.0.1", port), _Handler)
        self.server.segment = self
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> Self:
        Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def find(self, type_: str, value: str) -> EmulatedProfile | None:
        return next(
            (one for one in self.profiles if (type_, value) in one.identifiers), None
        )

    def count_lost(self) -> Counter[str]:
        return Counter(reason for reason, _ in self.lost)

    # The Tracking API ----------------------------------------------------------------

    def track(self, route: str, body: bytes, key: str) -> dict[str, Any]:
        """Raises Failure for what Segment refuses; the rest it takes, or loses."""
        sent = _read_json(body, BATCH_BYTES if route == "batch" else EVENT_BYTES)
        key = key or str(sent.get("writeKey") or "")
        events = _read_batch(sent) if route == "batch" else [{**sent, "type": route}]
        with self._lock:
            if len(events) > BATCH_EVENTS:
                self.lost += [("batch_too_long", each) for each in events]
                return {"success": True}
            for event in events:
                reason = self._take(event, self.sources.get(key), sent.get("sentAt"))
                if reason:
                    self.lost.append((reason, event))
        return {"success": True}

    def _take(
        self, event: dict[str, Any], source: EmulatedSource | None, sent_at: Any
    ) -> str:
        """Why it is lost, "" if it is not."""
        now = datetime.now(UTC)
        if reason := _find_fault(event):
            return reason
        if source is None:
            return "wrong_write_key"
        if source.region != self.region:
            return "wrong_region"
        message_id = event.get("messageId") or f"api-{len(self.accepted)}-{now}"
        seen_at = self._seen.get(message_id)
        if seen_at and now - seen_at < REMEMBERED:
            return "duplicate"
        self._seen[message_id] = now
        at = _correct_time(event.get("timestamp"), sent_at, now)
        self.accepted.append({**event, "messageId": message_id})
        if not source.connected:
            return "source_not_connected"
        self._apply(event, source, message_id, at)
        return ""

    def _apply(
        self,
        event: dict[str, Any],
        source: EmulatedSource,
        message_id: str,
        at: datetime,
    ) -> None:
        known = [each for each in _find_identifiers(event) if each[0] in self.limits]
        if not known:
            return
        profile = self._resolve(known)
        trace = {"message_id": message_id, "source_id": source.id, "at": at}
        for type_, value in known:
            of_type = [each for each in profile.identifiers if each[0] == type_]
            if len(of_type) < self.limits[type_] or (type_, value) in of_type:
                profile.identifiers.setdefault((type_, value), trace)
        if event["type"] == "identify":
            for name, value in (event.get("traits") or {}).items():
                self._set_trait(profile, name, value, source, at)
        if event["type"] == "track":
            profile.history.append({**event, **trace})

    def _resolve(self, identifiers: list[tuple[str, str]]) -> EmulatedProfile:
        """The one that they name, made of several or anew."""
        found = [one for one in self.profiles if {*identifiers} & {*one.identifiers}]
        if not found:
            self.profiles.append(EmulatedProfile())
            return self.profiles[-1]
        into, *others = found
        for other in others:
            into.identifiers |= other.identifiers
            into.history += other.history
            for name, trait in other.traits.items():
                known = into.traits.get(name)
                if known is None or known.updated_at <= trait.updated_at:
                    into.traits[name] = trait
            self.profiles.remove(other)
        return into

    def _set_trait(
        self,
        profile: EmulatedProfile,
        name: str,
        value: Any,
        source: EmulatedSource,
        at: datetime,
    ) -> None:
        """The last that was updated wins, across sources; null takes it away."""
        known = profile.traits.get(name)
        if known and known.updated_at > at:
            return
        if value is None:
            profile.traits.pop(name, None)
        else:
            profile.traits[name] = EmulatedTrait(value, source.id, at)

    # The Public API ------------------------------------------------------------------

    def delete(self, path: str, body: bytes, token: str) -> dict[str, Any]:
        """At the first look it runs, at the second it is done."""
        if token not in self.public_tokens:
            raise Failure(401, "authentication_error", "The token is not valid.")
        if body:
            asked = _read_json(body, BATCH_BYTES)
            id_ = f"regulation{len(self.deletions)}"
            self.deletions[id_] = {**asked, "status": "INITIALIZED"}
            return {"data": {"regulateId": id_}}
        request = self.deletions.get(path.rpartition("/")[2])
        if request is None:
            raise Failure(404, "not_found", "There is no such regulation.")
        if request["status"] == "RUNNING":
            request["status"] = "FINISHED"
            ids = {("user_id", each) for each in request["subjectIds"]}
            self.profiles = [x for x in self.profiles if not ids & {*x.identifiers}]
        else:
            request["status"] = "RUNNING"
        return {"data": {"regulation": {"overallStatus": request["status"]}}}

    # The Profile API -----------------------------------------------------------------

    def read(self, path: str, query: dict[str, str], token: str) -> dict[str, Any]:
        route = ROUTE.fullmatch(path)
        if route is None:
            raise Failure(*NO_SUCH_PROFILE)
        if token not in self.tokens:
            raise Failure(401, "authentication_error", "The token is not valid.")
        with self._lock:
            # Both are looked for as they are written: other casing finds nothing.
            profile = self.find(route["type"], unquote(route["value"]))
            if route["space"] != self.space or profile is None:
                raise Failure(*NO_SUCH_PROFILE)
            answers = {
                "traits": _show_traits,
                "external_ids": _show_external_ids,
                "events": _show_events,
            }
            return answers[route["resource"]](profile, query)


def _read_json(body: bytes, most: int) -> dict[str, Any]:
    if len(body) > most:
        raise Failure(400, "invalid_request_error", "The body is too large.")
    try:
        sent = json.loads(body)
    except ValueError:
        raise Failure(400, "invalid_request_error", "malformed JSON") from None
    if not isinstance(sent, dict):
        raise Failure(400, "invalid_request_error", "malformed JSON")
    return sent


def _read_batch(sent: dict[str, Any]) -> list[dict[str, Any]]:
    """Each event with what the batch says for all of them."""
    shared = {name: sent[name] for name in ("context", "integrations") if name in sent}
    events = [
        {**event, **{name: {**sent[name], **event.get(name, {})} for name in shared}}
        for event in sent.get("batch", [])
    ]
    if any(
        len(json.dumps(event, ensure_ascii=False).encode()) > EVENT_BYTES
        for event in events
    ):
        raise Failure(400, "invalid_request_error", "An event is too large.")
    return events


def _find_fault(event: dict[str, Any]) -> str:
    """Why nothing becomes of it; Segment says nothing and answers 200."""
    group = event.get("groupId", "")
    faults = {
        "unknown_type": event.get("type") not in METHODS,
        "no_user_anon_id": not (event.get("userId") or event.get("anonymousId")),
        "no_event": event.get("type") == "track" and not event.get("event"),
        "message_id_too_long": len(event.get("messageId") or "") > MESSAGE_ID_LENGTH,
        "group_id": event.get("type") == "group"
        and not 0 < len(group) <= GROUP_ID_LENGTH,
        "too_many_traits": len(event.get("traits") or {}) >= TRAITS_AN_EVENT,
    }
    return next((reason for reason, is_so in faults.items() if is_so), "")


def _find_identifiers(event: dict[str, Any]) -> list[tuple[str, str]]:
    context = event.get("context") or {}
    told = [
        ("user_id", event.get("userId")),
        ("anonymous_id", event.get("anonymousId")),
        ("email", (event.get("traits") or {}).get("email")),
        ("email", (context.get("traits") or {}).get("email")),
    ]
    for each in context.get("externalIds") or []:
        if {"id", "type", "collection", "encoding"} <= each.keys():
            told.append((each["type"], each["id"]))
    return [
        (type_, str(value))
        for type_, value in told
        if value and not BLOCKED.fullmatch(str(value))
    ]


def _correct_time(told: Any, sent_at: Any, now: datetime) -> datetime:
    """By how far the sender's clock is off. Without a zone a time is lost."""
    times = []
    for each in (told, sent_at):
        try:
            time = datetime.fromisoformat(str(each))
        except ValueError:
            return now
        if time.tzinfo is None:
            return now
        times.append(time)
    return now - (times[1] - times[0])


def _page(rows: list[Any], query: dict[str, str], default: int, most: int) -> Any:
    """Rows of a page, and the cursor to the next one."""
    limit = query.get("limit", str(default))
    if not (limit.isdecimal() and 1 <= int(limit) <= most):
        raise Failure(400, "validation_error", f"limit is 1 to {most}")
    first = int(query.get("next") or 0)
    after = first + int(limit)
    more = after < len(rows)
    cursor = {"url": "", "has_more": more, "next": str(after) if more else ""}
    return rows[first:after], {**cursor, "limit": int(limit)}


def _show_traits(profile: EmulatedProfile, query: dict[str, str]) -> dict[str, Any]:
    shown, cursor = _page(sorted(profile.traits), query, 10, 200)
    traits = {name: profile.traits[name] for name in shown}
    if query.get("verbose") == "true":
        return {
            "traits": {
                name: {
                    "value": trait.value,
                    "source_id": trait.source_id,
                    "updated_at": _show_time(trait.updated_at),
                }
                for name, trait in traits.items()
            },
            "cursor": cursor,
        }
    return {"traits": {n: t.value for n, t in traits.items()}, "cursor": cursor}


def _show_external_ids(
    profile: EmulatedProfile, query: dict[str, str]
) -> dict[str, Any]:
    rows = [
        {
            "source_id": trace["source_id"],
            "collection": "users",
            "id": value,
            "type": type_,
            "created_at": _show_time(trace["at"]),
            "encoding": "none",
            "first_message_id": trace["message_id"],
        }
        for (type_, value), trace in profile.identifiers.items()
    ]
    shown, cursor = _page(rows, query, 10, 100)
    return {"data": shown, "cursor": cursor}


def _show_events(profile: EmulatedProfile, query: dict[str, str]) -> dict[str, Any]:
    since = datetime.now(UTC) - timedelta(days=HISTORY_DAYS)
    rows = [
        {
            "external_ids": [],
            "context": event.get("context") or {},
            "type": "track",
            "message_id": event["message_id"],
            "source_id": event["source_id"],
            "timestamp": _show_time(event["at"]),
            "properties": event.get("properties") or {},
            "event": event["event"],
            "related": {"users": []},
        }
        for event in profile.history
        if event["at"] >= since
    ]
    rows.sort(key=lambda row: row["timestamp"], reverse=True)
    shown, cursor = _page(rows, query, 10, 100)
    return {"data": shown, "cursor": cursor}


def _show_time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class _Server(ThreadingHTTPServer):
    segment: Emulator


class _Handler(BaseHTTPRequestHandler):
    server: "_Server"

    def do_GET(self) -> None:
        at = urlsplit(self.path)
        if at.path.startswith("/regulations/"):
            self._answer(self._delete)
            return
        query = {name: values[-1] for name, values in parse_qs(at.query).items()}
        self._answer(lambda _: self.server.segment.read(at.path, query, self._user()))

    def do_POST(self) -> None:
        route = self.path.removeprefix("/v1/")
        if self.path == "/regulations":
            self._answer(self._delete)
        elif route in {*METHODS, "batch"}:
            self._answer(
                lambda body: self.server.segment.track(route, body, self._user())
            )
        else:
            self._answer(_refuse_route)

    def _delete(self, body: bytes) -> dict[str, Any]:
        bearer = self.headers.get("Authorization", "").removeprefix("Bearer ")
        return self.server.segment.delete(self.path, body, bearer)

    def _answer(self, work: Any) -> None:
        body = self._read()
        self.server.segment.calls.append((self.command, self.path, body))
        del self.server.segment.calls[:-CALLS_KEPT]
        self.server.segment.wait()
        try:
            if self.server.segment.answers:
                status, headers = self.server.segment.answers.pop(0)
                if status >= 400:
                    self._send(status, _show_failure("rate_limit_error"), headers)
                    return
            self._send(200, work(body))
        except Failure as failure:
            shown = _show_failure(failure.code, failure.message)
            self._send(failure.status, shown)

    def _read(self) -> bytes:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        packed = self.headers.get("Content-Encoding") == "gzip"
        return gzip.decompress(body) if packed else body

    def _user(self) -> str:
        """Of Basic, whose password is empty; a missing colon is tolerated."""
        scheme, _, told = self.headers.get("Authorization", "").partition(" ")
        if scheme != "Basic":
            return ""
        return base64.b64decode(told).decode().partition(":")[0]

    def _send(
        self, status: int, answer: Any, headers: dict[str, str] | None = None
    ) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Request-Id", f"request-{len(self.server.segment.calls)}")
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


def _refuse_route(_: bytes) -> dict[str, Any]:
    raise Failure(404, "not_found", "There is no such route.")


def _show_failure(code: str, message: str = "") -> dict[str, Any]:
    """The members of `error` stand at the top too, where the vendor's client reads them."""
    told = {"code": code, "message": message or code}
    return {"error": told, **told}


def fill(segment: Emulator) -> None:
    """With what a web shop knows of the demo's customers."""
    people = (Path(__file__).parent / "alpenglow/people.jsonl").read_text().splitlines()
    for number, line in enumerate(people):
        known = json.loads(line)["traits"]
        contact, account = known["Contact"], known["Account"]
        phone = external_id("phone", contact["phone"])
        common = {
            "userId": account["customerNumber"],
            "context": {"externalIds": [phone]},
        }
        traits = {
            "email": contact["email"],
            "lifetime_value": account["ordersPlaced"] * 83,
            "audience_winter_sale": number % 3 == 0,
            "preferred_sport": known["Preferences"]["activities"][0],
        }
        events = [
            common | {"type": "identify", "messageId": f"i{number}", "traits": traits},
            common
            | {"type": "track", "messageId": f"t{number}", "event": "Cart abandoned"},
        ]
        body = json.dumps({"batch": events}).encode()
        segment.track("batch", body, next(iter(segment.sources)))


def main(port: int) -> None:
    emulator = Emulator(port=port)
    fill(emulator)
    told = {
        "space": emulator.space,
        "token": next(iter(emulator.tokens)),
        "write key": " or, of a source that is not connected, ".join(emulator.sources),
        "Public API token": next(iter(emulator.public_tokens)),
    }
    words = ", ".join(f"{name} {value}" for name, value in told.items())
    sys.stdout.write(f"  Segment, emulated: {emulator.url}, {words}\n")
    sys.stdout.flush()
    emulator.server.serve_forever()


if __name__ == "__main__":
    main(int((sys.argv[1:] or ["0"])[0]))
