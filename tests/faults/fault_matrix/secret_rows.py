"""A08 to A18: secrets that do not show, tokens that stay home, clouds that are not mixed."""

from __future__ import annotations

import contextlib
import copy
import inspect
import io
import json
import pickle
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl

import httpx

import graphinvestigate as gi
from fault_matrix.fakes import ALERTS, AccessToken, Demo, FakeGraph, Tokens, connected, ids, page
from fault_matrix.mistakes import Around
from fault_matrix.row import raised, row, same
from fault_matrix.sign_in_rows import Authority, signed_in, token
from graphinvestigate.client import Cloud, EmulatorCredential, connect
from graphinvestigate.client.auth import TokenCredential
from graphinvestigate.client.clouds import CLOUDS, find_cloud
from graphinvestigate.client.secret import Secret
from graphinvestigate.errors import AuthError, GraphInvestigateError, UsageError
from graphinvestigate.frames import RESOURCES

TOKEN = "canary-token/+="
TENANT = "11111111-1111-1111-1111-111111111111"
OTHER = "22222222-2222-2222-2222-222222222222"


@dataclass
class Plain:
    """A token in a field, as most libraries keep it."""

    value: str

    def reveal(self) -> str:
        return self.value


@row("A08", real=Secret, broken=Plain)
def a_secret_shows_nowhere(subject: Any) -> None:
    """A secret is hidden or refused by repr, str, format, vars, pickle, copy and json."""
    secret = subject(TOKEN)
    for shown in (repr(secret), str(secret), f"{secret}", f"{secret!a}", repr([secret]), repr({"a": secret})):
        assert "canary" not in shown
    refusing: tuple[Callable[[Any], Any], ...] = (vars, pickle.dumps, copy.copy, copy.deepcopy, json.dumps)
    for refuse in refusing:
        raised(TypeError, lambda r=refuse: r(secret))
    assert secret.reveal() == TOKEN


class PlainLocals(Around):
    """Has the token in a plain variable while it asks."""

    def pages(self, path: str, **arguments: Any) -> Any:
        bearer = f"Bearer {TOKEN}"
        assert bearer
        yield from self.client.pages(path, **arguments)


def shown(error: BaseException) -> str:
    """All that a verbose traceback shows: the chain, and the variables of every frame but this module's."""
    parts, todo = [], [error]
    while todo:
        one = todo.pop()
        todo += [linked for linked in (one.__cause__, one.__context__) if linked is not None]
        parts += [repr(one), str(one), repr(vars(one))]
        for frame in traceback.TracebackException.from_exception(one, capture_locals=True).stack:
            if frame.name not in ("handle_request", "answer"):  # the far side of the wire
                parts.append(f"{frame.name} {frame.locals}")
    return "\n".join(parts)


@row("A10", real=connected, broken=lambda *arguments: PlainLocals(connected(*arguments)))
def a_verbose_traceback_shows_no_token(subject: Any) -> None:
    """A traceback that prints every variable of every frame prints no token, whatever failed."""
    failures = (httpx.Response(401), httpx.Response(500), httpx.ReadError("reset"), KeyboardInterrupt())
    for failure in failures:
        client = subject(FakeGraph([failure]), Tokens(TOKEN))
        failed = raised(BaseException, lambda c=client: list(c.pages(ALERTS)))
        assert isinstance(failed, GraphInvestigateError | KeyboardInterrupt)
        assert "canary" not in shown(failed)
        assert "canary" not in f"{client!r} {client}"


def with_a_token_helper() -> Any:
    """The public names, and one that gives a token."""
    names = {name: getattr(gi, name) for name in gi.__all__}

    def acquire_token(client: gi.GraphClient) -> str:
        return TOKEN

    return SimpleNamespace(__all__=[*gi.__all__, "acquire_token"], acquire_token=acquire_token, **names)


@row("A12", real=gi, broken=with_a_token_helper())
def no_public_function_gives_a_token(subject: Any) -> None:
    """No public function, and no public method of the client, is named after a token or returns one."""
    for name in subject.__all__:
        public = getattr(subject, name)
        assert "token" not in name.lower(), name
        if inspect.isfunction(public):
            returned = str(inspect.signature(public).return_annotation)
            assert not any(word in returned for word in ("Secret", "Token", "dict")), f"{name} returns {returned}"
    with connect(tenant_id=TENANT, client_id="app") as client:
        same([name for name in dir(client) if not name.startswith("_") and "token" in name.lower()], [])


class Anywhere(httpx.BaseTransport):
    """Records what it is sent, wherever to."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request.headers.get("Authorization", ""))
        return page("a")


def to_any_place(*, credential: Any, cloud: Any, transport: Any) -> Any:
    """A client that asks wherever it is told."""
    http = httpx.Client(transport=transport)
    bearer = {"Authorization": f"Bearer {credential.get_token('graph').token}"}
    return SimpleNamespace(pages=lambda path: iter([http.get(f"{cloud.graph}/v1.0{path}", headers=bearer)]))


def to_a_place(*, credential: Any, cloud: Any, transport: Any) -> Any:
    """The real client."""
    return connect(tenant_id="t", credential=credential, cloud=cloud, transport=transport)


@row("A14", real=to_a_place, broken=to_any_place)
def a_real_token_goes_to_no_emulator(subject: Any) -> None:
    """A real sign-in's token is sent neither over http nor to this machine; an emulator's goes to no real tenant."""
    for root in ("http://127.0.0.1:8080", "https://127.0.0.1:8080", "http://localhost", "http://graph.test"):
        place = Cloud("own", root, "https://login.test", f"{root}/.default")
        anywhere = Anywhere()
        to = {"credential": Tokens(TOKEN), "cloud": place, "transport": anywhere}
        raised(UsageError, lambda t=to: list(subject(**t).pages(ALERTS)))
        assert anywhere.sent == []
    raised(UsageError, lambda: connect(tenant_id="t", credential=EmulatorCredential("t")), "EmulatorCredential")


class AnyTenant:
    """Takes whatever token a credential gives."""

    def __init__(self, credential: Any, *, scope: str, tenant_id: str) -> None:
        self.credential = credential
        self.scope = scope

    def token(self, **_options: Any) -> Any:
        return Secret(self.credential.get_token(self.scope).token)


@row("A15", real=TokenCredential, broken=AnyTenant)
def a_token_of_another_tenant_is_refused(subject: Any) -> None:
    """A credential that signs in to another tenant than the one to investigate is an error that names both."""

    class Other:
        def get_token(self, *_scopes: str, **_options: Any) -> Any:
            return AccessToken(EmulatorCredential(OTHER).token().reveal(), 4_000_000_000)

    taken = subject(Other(), scope="https://graph.test/.default", tenant_id=TENANT)
    assert TENANT in str(raised(AuthError, taken.token, OTHER))


def mixed(cloud: str) -> Any:
    """The public cloud's sign-in for every cloud, and the public cloud for every other word."""
    place = CLOUDS.get(cloud, CLOUDS["global"])
    return Cloud(place.name, place.graph, CLOUDS["global"].authority, CLOUDS["global"].scope)


@row("A17", real=find_cloud, broken=mixed)
def a_clouds_parts_change_together(subject: Any) -> None:
    """Authority, Graph and scope of a cloud are chosen together; a cloud of no such name is refused."""
    table = {
        "global": ("https://login.microsoftonline.com", "https://graph.microsoft.com"),
        "usgov": ("https://login.microsoftonline.us", "https://graph.microsoft.us"),
        "usgov_dod": ("https://login.microsoftonline.us", "https://dod-graph.microsoft.us"),
        "china": ("https://login.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn"),
    }
    for name, (authority, graph) in table.items():
        place = subject(name)
        assert (place.authority, place.graph, place.scope) == (authority, graph, f"{graph}/.default")
    for wrong in ("germany", "Global", "", "gcc high"):
        raised(UsageError, lambda w=wrong: subject(w), "usgov_dod")


LISTS = {
    "alerts": gi.list_alerts,
    "incidents": gi.list_incidents,
    "risk_detections": gi.list_risk_detections,
    "risky_users": gi.list_risky_users,
    "sign_ins": gi.list_sign_ins,
}
LEAST = {
    "alerts": "SecurityAlert.Read.All",
    "incidents": "SecurityIncident.Read.All",
    "risk_detections": "IdentityRiskEvent.Read.All",
    "risky_users": "IdentityRiskyUser.Read.All",
    "sign_ins": "AuditLog.Read.All",
}


def as_administrator(name: str) -> str:
    """Write permission for everything, to be sure."""
    return LEAST[name].replace("Read.All", "ReadWrite.All")


@row("A18", real=lambda name: RESOURCES[name].permission, broken=as_administrator)
def reading_takes_the_least_permission(subject: Any) -> None:
    """Each list works with exactly the permission it names, the least there is; a person is asked for that alone."""
    for name, read in LISTS.items():
        permission = subject(name)
        assert permission == LEAST[name]
        assert "Write" not in permission

        def only(transport: Any, *, tenant_id: str, permission: str = permission) -> Any:
            return connected(transport, EmulatorCredential(tenant_id, [permission]), tenant_id=tenant_id)

        demo = Demo(only)
        assert len(read(demo.client)) > 0
        assert 403 not in demo.statuses
        fake = FakeGraph(Authority(token()))
        with contextlib.redirect_stderr(io.StringIO()):
            assert len(read(signed_in(fake, auth="device_code"))) == 1
        asked = {word for seen in fake.seen for word in dict(parse_qsl(seen.content.decode())).get("scope", "").split()}
        same([word for word in asked if "graph" in word], [f"https://graph.microsoft.com/{permission}"])
    tokens = Tokens()
    same(ids(connected(FakeGraph([page("a")]), tokens)), ["a"])
    same([asked["scope"] for asked in tokens.asked], ["https://graph.microsoft.com/.default"])
