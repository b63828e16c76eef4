"""`graphinvestigate serve` as a user starts it, and Microsoft's own SDK pointed at it."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import warnings
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

import graphinvestigate as gi
from graphinvestigate.client import EmulatorCredential

PREFER = "include-unknown-enum-members"


@pytest.fixture(scope="session")
def served() -> Iterator[str]:
    """Where a demo tenant of 200 alerts answers, served by the command line in a process of its own."""
    command = [sys.executable, "-m", "graphinvestigate", "serve", "--port", "0", "--seed", "1", "--alerts", "200"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            found = re.search(r"http://127\.0\.0\.1:\d+", said)
            assert found, said
            yield found[0]
        finally:
            process.terminate()


@pytest.fixture
def ours(served: str) -> Iterator[gi.GraphClient]:
    """Our own client of the served tenant."""
    with gi.connect_emulator(served) as client:
        yield client


class Sdk:
    """Microsoft's SDK on one adapter, and how to ask it."""

    def __init__(self, url: str) -> None:
        with warnings.catch_warnings():  # the SDK's own modules use what the SDK has deprecated
            warnings.simplefilter("ignore", DeprecationWarning)
            from azure.core.credentials import AccessToken
            from kiota_authentication_azure.azure_identity_authentication_provider import (
                AzureIdentityAuthenticationProvider,
            )
            from msgraph import GraphRequestAdapter, GraphServiceClient

        class Credential:
            def get_token(self, *_scopes: str, **_options: Any) -> Any:
                return AccessToken(EmulatorCredential().token().reveal(), 4_000_000_000)

        provider = AzureIdentityAuthenticationProvider(
            Credential(), scopes=["https://graph.microsoft.com/.default"], allowed_hosts=["127.0.0.1"]
        )
        self.adapter = GraphRequestAdapter(provider)
        self.adapter.base_url = f"{url}/v1.0"
        self.client = GraphServiceClient(request_adapter=self.adapter)

    def asked_with(self, **query: Any) -> Any:
        """A request's options: its query, and the header that shows all members of enumerations."""
        from kiota_abstractions.base_request_configuration import RequestConfiguration
        from kiota_abstractions.headers_collection import HeadersCollection

        headers = HeadersCollection()
        headers.add("Prefer", PREFER)
        return RequestConfiguration(query_parameters=_Query(**query) if query else None, headers=headers)

    async def all_of(self, builder: Any, *, top: int, pause: float = 0.0) -> tuple[list[Any], int]:
        """Every record of a list and how many pages they came on, as the SDK's guide reads them.

        It pauses before and after every request: one that comes too early costs more than the pause, three seconds.
        """
        await asyncio.sleep(pause)
        page, found, pages = await builder.get(self.asked_with(top=top)), [], 0
        while page is not None:
            found += page.value
            pages += 1
            await asyncio.sleep(pause)
            link = page.odata_next_link
            page = await builder.with_url(link).get(self.asked_with()) if link else None
        return found, pages

    @staticmethod
    def plain(record: Any) -> dict[str, Any]:
        """What the SDK holds of a record, as it would send it."""
        import json

        from kiota_serialization_json.json_serialization_writer import JsonSerializationWriter

        writer = JsonSerializationWriter()
        writer.write_object_value(None, record)
        return json.loads(writer.get_serialized_content())


@dataclass
class _Query:
    """``$top`` for any of the SDK's builders, which each have a class of their own for it."""

    top: int

    def get_query_parameter(self, name: str) -> str:
        return f"%24{name}"


@pytest.fixture
def ask_sdk(served: str) -> Callable[[Callable[[Sdk], Awaitable[Any]]], Any]:
    """Run a coroutine function with the SDK, to its end."""

    async def closing(work: Callable[[Sdk], Awaitable[Any]]) -> Any:
        sdk = Sdk(served)
        try:
            return await work(sdk)
        finally:
            http = sdk.adapter._http_client  # the SDK closes nothing, and its transport hides the one with the sockets
            for transport in (http._transport, *http._mounts.values()):
                inner = getattr(transport, "transport", transport)
                if inner is not None:
                    await inner.aclose()

    def ask(work: Callable[[Sdk], Awaitable[Any]]) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            return asyncio.run(closing(work))

    return ask
