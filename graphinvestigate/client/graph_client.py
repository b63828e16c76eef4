"""The authorised connection to one tenant: pages and records, with retries, to the end or with an error."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from graphinvestigate.client.asking import Call, headers_with, json_of, object_or_nothing
from graphinvestigate.client.batching import Batch, BatchAnswer, BatchRequest, item_of
from graphinvestigate.client.connection import Connection
from graphinvestigate.client.journal import Journal
from graphinvestigate.client.links import Address, address_of, next_address
from graphinvestigate.client.paging import follow
from graphinvestigate.envelope import Page, read_page, read_record
from graphinvestigate.errors import UsageError


class GraphClient(Connection):
    """A connection to one tenant. Make one with :func:`connect`; close it or use it in ``with``.

    Threads may share a client.

    Attributes
    ----------
    tenant_id : str
        The tenant.
    cloud : Cloud
        Where it lives.
    base_url : str
        Graph's root, such as ``"https://graph.microsoft.com"``: no version, no trailing slash.
    pulls : dict of str to Pull
        What each pull asked for and got, by `pull_id`.
    """

    def pages(
        self,
        path: str,
        *,
        params: Mapping[str, str | int | bool] | None = None,
        version: str = "v1.0",
        headers: Mapping[str, str] | None = None,
        permission: str | None = None,
        journal: Journal | None = None,
        stop: threading.Event | None = None,
    ) -> Iterator[Page]:
        """Read a list, page by page, to its end.

        Parameters
        ----------
        path : str
            Such as ``"/security/alerts_v2"``; or a next link as a page gave it, to go on from there.
        params : mapping or None
            The query options of the first page; next links carry their own.
        version : str
            ``"v1.0"`` or ``"beta"``.
        headers : mapping or None
            More headers, sent with every page.
        permission : str or None
            The least permission that the call needs, to name it in errors.
        journal : Journal or None
            Where to keep the pages that came, and to take those from that an earlier, interrupted reading of the
            same list kept: only the rest is asked for.
        stop : threading.Event or None
            When it is set, waiting ends and `concurrent.futures.CancelledError` is raised: Ctrl-C reaches no
            worker thread, so who started some sets it for them.

        Returns
        -------
        iterator of Page
            A page may be empty without being the last.

        Raises
        ------
        PagingLoopError
            The next links lead nowhere new.
        GraphInvestigateError
            A page failed for good. Pages that came before it are whole; the last one's `next_link` goes on
            from there.
        """
        first = self._address(path, params, version)
        sent = headers_with(headers)

        def ask(address: Address) -> Page:
            return self._asker.ask(Call(address, sent, permission, stop=stop), read_page)

        def owner() -> tuple[str, ...]:
            account = self._auth.account((permission,) if permission else ())
            return (self.cloud.name, self.base_url, self.tenant_id.lower(), account)

        return follow(first, journal.reader(ask, owner, sent) if journal else ask, base=self._origin)

    def page(
        self,
        url_or_path: str,
        *,
        params: Mapping[str, str | int | bool] | None = None,
        version: str = "v1.0",
        headers: Mapping[str, str] | None = None,
        permission: str | None = None,
        granted_only: bool = False,
    ) -> Page:
        """Read one page of a list: its first, or the one that a next link names.

        Parameters
        ----------
        url_or_path : str
            A path, or a next link as a page gave it.
        params : mapping or None
            The query options of a path; a next link takes none.
        version, headers, permission
            As in :meth:`pages`.
        granted_only : bool
            Ask a person who signed in to allow nothing more: try with what was allowed.

        Returns
        -------
        Page

        Raises
        ------
        GraphInvestigateError
            It failed for good.
        """
        address = self._address(url_or_path, params, version)
        return self._asker.ask(Call(address, headers_with(headers), permission, granted_only=granted_only), read_page)

    def record(
        self,
        path: str,
        *,
        params: Mapping[str, str | int | bool] | None = None,
        version: str = "v1.0",
        permission: str | None = None,
        granted_only: bool = False,
    ) -> Page:
        """Read one record.

        Parameters
        ----------
        path : str
            Such as ``"/security/alerts_v2/"`` and its id, written by :func:`path_segment`.
        params, version, permission, granted_only
            As in :meth:`page`.

        Returns
        -------
        Page
            With one record.

        Raises
        ------
        RecordNotFoundError
            There is none.
        GraphInvestigateError
            It failed for good.
        """
        address = address_of(self._origin, path, params=params, version=version)
        return self._asker.ask(Call(address, headers_with(None), permission, granted_only=granted_only), read_record)

    def post(
        self,
        path: str,
        json_body: Any,
        *,
        version: str = "v1.0",
        headers: Mapping[str, str] | None = None,
        permission: str | None = None,
        retry: bool = False,
        granted_only: bool = False,
    ) -> bytes:
        """Send JSON to an action or a query.

        Parameters
        ----------
        path : str
            Such as ``"/security/runHuntingQuery"``.
        json_body : object
            Plain JSON values; None sends nothing.
        version, headers, permission, granted_only
            As in :meth:`page`.
        retry : bool
            Whether it only reads, and so may be sent again after a failure. What changes something is sent
            again only after Graph refused it unread (429).

        Returns
        -------
        bytes
            The answer's JSON object; empty when Graph had nothing to say (202, 204).

        Raises
        ------
        GraphInvestigateError
            It failed for good. Where it is open whether a change was made, the message says so.
        """
        return self._send("POST", path, json_body, version, headers, permission, reads=retry, granted_only=granted_only)

    def patch(
        self,
        path: str,
        json_body: Any,
        *,
        version: str = "v1.0",
        headers: Mapping[str, str] | None = None,
        permission: str | None = None,
    ) -> bytes:
        """Change a record. It is sent again only after Graph refused it unread (429).

        Parameters
        ----------
        path : str
            Such as ``"/security/alerts_v2/"`` and its id, written by :func:`path_segment`.
        json_body : object
            The properties to change.
        version, headers, permission
            As in :meth:`pages`.

        Returns
        -------
        bytes
            The changed record as JSON; empty when Graph sends none.

        Raises
        ------
        GraphInvestigateError
            It failed for good. Where it is open whether the change was made, the message says so.
        """
        return self._send("PATCH", path, json_body, version, headers, permission, reads=False)

    def batch(self, requests: Sequence[BatchRequest], *, version: str = "v1.0") -> list[BatchAnswer]:
        """Send several requests at once, at most 20 per call, and ask again only for those that failed.

        Parameters
        ----------
        requests : sequence of BatchRequest
            Any number.
        version : str
            As in :meth:`pages`.

        Returns
        -------
        list of BatchAnswer
            One per request, in their order. A failed one carries its error; nothing is raised for it.

        Raises
        ------
        UsageError
            A request can't be sent.
        GraphInvestigateError
            Not one request was answered.
        """
        items = [item_of(self._origin, request, version=version) for request in requests]
        return Batch(items, asker=self._asker, traffic=self._traffic, base=self._origin, version=version).run()

    def _send(
        self,
        method: str,
        path: str,
        json_body: Any,
        version: str,
        headers: Mapping[str, str] | None,
        permission: str | None,
        *,
        reads: bool,
        granted_only: bool = False,
    ) -> bytes:
        address = address_of(self._origin, path, params=None, version=version)
        body = json_of(json_body, name=path)
        call = Call(
            address, headers_with(headers), permission, method=method, body=body, reads=reads, granted_only=granted_only
        )
        return self._asker.ask(call, object_or_nothing)

    def _address(self, url_or_path: str, params: Mapping[str, str | int | bool] | None, version: str) -> Address:
        if not isinstance(url_or_path, str) or not url_or_path.lower().startswith(("https:", "http:")):
            return address_of(self._origin, url_or_path, params=params, version=version)
        if params:
            raise UsageError("A next link already carries its query; leave params= out.")
        return next_address(self._origin, url_or_path)
