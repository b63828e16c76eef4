"""Signed in as a person: what is asked of them, and when."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import pytest

import graphinvestigate as gi
from graphinvestigate.client import connect


class EntraAndDemo(httpx.BaseTransport):
    """A sign-in by device code that gives an emulator's token for whatever scope is asked, and the emulator."""

    def __init__(self, demo: Any, tenant_id: str) -> None:
        self.demo, self.tenant_id = demo, tenant_id
        self.scopes: list[set[str]] = []

    def clock(self) -> float:
        return self.demo.clock()

    def sleep(self, seconds: float) -> None:
        self.demo.sleep(seconds)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == "graph.microsoft.com":
            answer = self.demo.handle_request(request)
            answer.headers.pop("Date", None)  # the demo's time is its own, and this is to be a real sign-in
            return answer
        root = f"https://{request.url.host}/{self.tenant_id}"
        if request.url.path.endswith("/openid-configuration"):
            endpoints = {
                "authorization_endpoint": "authorize",
                "token_endpoint": "token",
                "device_authorization_endpoint": "devicecode",
            }
            return httpx.Response(
                200, json={"issuer": root, **{k: f"{root}/oauth2/v2.0/{v}" for k, v in endpoints.items()}}
            )
        form = dict(httpx.QueryParams(request.content.decode()))
        if "scope" in form:  # the code is for what was asked when it was given out
            self.scopes.append({one.rpartition("/")[2] for one in form["scope"].split() if "graph" in one})
        if request.url.path.endswith("/devicecode"):
            return httpx.Response(
                200, json={"user_code": "A", "device_code": "d", "interval": 1, "expires_in": 900, "message": "type A"}
            )
        asked = sorted(self.scopes[-1])
        part = {"tid": self.tenant_id, "exp": 4_000_000_000, "roles": asked, "upn": "me@contoso.test"}
        who = {"oid": "o", "sub": "s", "tid": self.tenant_id, "aud": "app", "exp": 4_000_000_000, "iat": 0,
               "iss": root, "preferred_username": "me@contoso.test"}  # fmt: skip
        info = _part({"uid": "u", "utid": self.tenant_id}).decode()
        return httpx.Response(
            200,
            json={
                "access_token": f"{_part({'alg': 'none'}).decode()}.{_part(part).decode()}.", "token_type": "Bearer",
                "expires_in": 3600, "refresh_token": "r", "client_info": info,
                "id_token": f"{_part({'alg': 'none'}).decode()}.{_part(who).decode()}.",
                "scope": " ".join(f"https://graph.microsoft.com/{one}" for one in asked),
            },
        )  # fmt: skip


def _part(claims: dict[str, Any]) -> bytes:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=")


def test_writing_is_asked_for_only_when_something_is_sent(make_world: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """A18: a signed-in person is asked for reading to read and in a dry run, for writing in the real run alone."""
    world = make_world()
    entra = EntraAndDemo(world.transport(), world.tenant.tenant_id)
    with connect(tenant_id=world.tenant.tenant_id, client_id="app", auth="device_code", transport=entra) as client:
        alerts = gi.list_alerts(client, status="new", limit=1)
        staged = gi.actions.stage(client, alerts, status="resolved")
        staged.apply()
        assert [scopes for scopes in entra.scopes if scopes] == [{"SecurityAlert.Read.All"}]
        applied = staged.apply(dry_run=False)
        assert applied.results["outcome"].tolist() == ["changed"]
        assert applied.results["by"].tolist() == ["me@contoso.test"]
        assert [scopes for scopes in entra.scopes if scopes] == [
            {"SecurityAlert.Read.All"}, {"SecurityAlert.ReadWrite.All"},
        ]  # fmt: skip
    assert capsys.readouterr().err.count("type A") == 1
