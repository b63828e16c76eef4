"""The folder of a lake: whose records it holds, and how they come into it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from graphinvestigate.client import GraphClient
from graphinvestigate.client.times import parse_time
from graphinvestigate.errors import BadFileError, PartialResultError, UsageError
from graphinvestigate.files import write_new
from graphinvestigate.linking.identifiers import guid
from graphinvestigate.scale.at_rest import resource_of
from graphinvestigate.scale.engine_choice import engine_for
from graphinvestigate.scale.engines import Engine, readable
from graphinvestigate.scale.pulling import SOURCES, Puller, notes_of
from graphinvestigate.scale.reading import Reader, Window, compact
from graphinvestigate.scale.store import TenantStore
from graphinvestigate.text import log
from graphinvestigate.wanted import takes

Time = str | datetime | None
Values = str | Sequence[str] | None

_FORMAT = "graphinvestigate lake 1\n"
_TENANT = re.compile(r"[a-z0-9_](?:[a-z0-9_-]|\.(?!\.)){0,252}")
_GRACE = 3600.0  # seconds: nobody reads longer than that in files that were replaced


class LakeFolder:
    """A lake's folder and its engine; `Lake` reads it."""

    @takes
    def __init__(self, path: str | Path, *, tenant: str | None = None, engine: Any = None) -> None:
        self.path = Path(path)
        self.engine: Engine = engine_for(engine)
        self._tenant = tenant
        mark = self.path / "lake.json"
        if self.path.exists() and any(self.path.iterdir()) and not mark.exists():
            raise UsageError(f"{log(str(self.path))} holds something that is no lake; give a folder of its own.")
        if mark.exists() and mark.read_text(encoding="utf-8") != _FORMAT:
            raise BadFileError(f"{log(str(mark))}: a lake of another version; this one reads {_FORMAT.strip()!r}.")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.path)!r}, tenant={self._tenant!r}, engine={self.engine.name!r})"

    def tenants(self) -> list[str]:
        """List the tenants that have records here."""
        return sorted(folder.name for folder in (self.path / "tenants").glob("*") if (folder / "log").is_dir())

    def pulls(self) -> pd.DataFrame:
        """Show what was pulled: one row per complete request, with its window, start (UTC) and number of rows."""
        notes = notes_of(self._store().log.commits())
        return pd.DataFrame(notes, columns=["source", "what", "since", "until", "started", "rows", "note"])

    def pull(
        self,
        client: GraphClient,
        *,
        since: Time = "30d",
        until: Time = None,
        sources: Iterable[str] = ("alerts", "incidents", "risk_detections", "risky_users", "sign_ins"),
        keep_pages: bool = True,
        on_partial: str = "raise",
    ) -> pd.DataFrame:
        """Bring the lake up to date with the client's tenant: what is not here yet, and what changed, is asked for.

        A window is pulled day by day, and each day that came is kept: killed and called again it goes on where it
        stopped. Alerts, incidents and risk detections that were updated since the last pull are asked for again;
        days of sign-ins and audits until two days after their end, as they come late.

        Parameters
        ----------
        client : GraphClient
        since, until : str or datetime, optional
            The window that shall be here, as `list_alerts` takes it.
        sources : iterable of str
            Some of ``alerts``, ``incidents``, ``risk_detections``, ``risky_users``, ``sign_ins`` (interactive and not),
            ``directory_audits``.
        keep_pages : bool
            Keep Graph's answers too, byte for byte, compressed.
        on_partial : {"raise", "return"}
            What to do when a source could not be read to the end; the others are read in any case.

        Returns
        -------
        DataFrame
            One row per request: `source`, `what` (window, changes, all, stopped), `since`, `until`, `rows`,
            `complete`, `note`.

        Raises
        ------
        UsageError
            There is no such source, or a time that can't be right.
        PartialResultError
            A source could not be read to the end; `.frame` is the table above, what came is in the lake.
        """
        chosen = list(sources)
        unknown = sorted(set(chosen) - set(SOURCES))
        if unknown or on_partial not in ("raise", "return"):
            raise UsageError(f"sources are some of {', '.join(SOURCES)}, on_partial is 'raise' or 'return'.")
        now = client.now()
        start, end = parse_time(since, now=now), parse_time(until, now=now) or now
        if start is None:
            raise UsageError("since= is needed: a lake is pulled day by day. Give a time such as '90d'.")
        puller = Puller(client, self._store(client.home(), create=True), keep_pages)
        for name in chosen:
            puller.pull(SOURCES[name], start, end)
        summary = puller.summary()
        if puller.failed and on_partial == "raise":
            missing = ", ".join(summary.loc[~summary["complete"], "source"].unique())
            raise PartialResultError(
                f"the lake is not complete: {missing} could not be read to the end ({puller.failed[0]}). What came is "
                "kept; pull again to go on.",
                frame=summary,
                missing=missing,
                resume=lambda: self.pull(client, since=start, until=until, sources=chosen, keep_pages=keep_pages),
            ) from puller.failed[0]
        return summary

    def add(self, frame: pd.DataFrame, *, tenant: str | None = None) -> int:
        """Add records of any source: a frame of `list_…`, `read_records` or a preset (`presets`).

        Parameters
        ----------
        frame : DataFrame
            Of one kind of record, with ``raw``.
        tenant : str, optional
            Of records that don't say theirs; by default the lake's.

        Returns
        -------
        int
            How many records; those that were here already get a new version.

        Raises
        ------
        UsageError
            It is no such frame, or nothing says which tenant it is of.
        """
        resource = resource_of(frame)
        if resource is None:
            raise UsageError("a lake takes frames of one kind of record, with the columns record_kind and raw.")
        default = guid(tenant or self._tenant)
        column = "tenant_id" if "tenant_id" in frame and resource.name in ("alerts", "incidents") else None
        own = frame[column].fillna("") if column else pd.Series("", index=frame.index, dtype="str")
        for said, rows in frame.groupby(own, sort=True):
            own_tenant = guid(str(said)) or default
            if own_tenant is None:
                raise UsageError("these records don't say their tenant: add(frame, tenant=…) or Lake(path, tenant=…).")
            self._store(own_tenant, create=True).add(resource, rows, note={"added": resource.name})
        return len(frame)

    def compact(self, *, vacuum_after: float = _GRACE) -> int:
        """Put the files of each day together and drop versions that no longer count.

        Parameters
        ----------
        vacuum_after : float
            Seconds after which files that nobody needs any more are deleted; shorter than anybody reads is unsafe.

        Returns
        -------
        int
            How many days (of one kind of record) were put together.
        """
        store = self._store()
        with readable(str(self.path)):
            done = compact(store, self.engine)
        store.vacuum(older_than=vacuum_after)
        return done

    def _store(self, tenant: str | None = None, *, create: bool = False) -> TenantStore:
        name, here = _name(tenant or self._tenant), self.tenants()
        if name is None:
            if len(here) != 1:
                told = f"holds {len(here)} tenants ({', '.join(here)}): choose one" if here else "is empty: pull first"
                raise UsageError(f"the lake {log(str(self.path))} {told}, Lake(path, tenant=…).")
            name = here[0]
        if create:
            (self.path / "tenants").mkdir(parents=True, exist_ok=True)
            if not (self.path / "lake.json").exists():
                with suppress(FileExistsError):  # another process makes the same lake
                    write_new(self.path / "lake.json", _FORMAT)
        elif name not in here:
            raise UsageError(f"the lake {log(str(self.path))} holds nothing of tenant {log(name)}.")
        return TenantStore(self.path / "tenants" / name, name)

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Answer one question: what is kept for it goes, and what an engine can't read is named."""
        with self.engine.asking(), readable(str(self.path)):
            yield

    def _reader(self) -> Reader:
        return Reader(self._store(), self.engine)

    def _window(self, since: Time, until: Time) -> Window:
        started = [note["started"] for note in notes_of(self._store().log.commits())]
        now = datetime.fromisoformat(max(started)) if started else datetime.now(UTC)
        since_utc, until_utc = parse_time(since, now=now), parse_time(until, now=now)
        return _micros(since_utc), _micros(until_utc)


def _name(tenant: str | None) -> str | None:
    """Give the folder of a tenant: its id, or a domain name; anything else could lead out of the lake."""
    if tenant is None or not str(tenant).strip():
        return None
    name = str(tenant).strip().strip("{}").casefold()
    if not _TENANT.fullmatch(name):
        raise UsageError(f"{log(repr(tenant))[:80]} is no tenant: give its id, or one of its domain names.")
    return name


def _micros(moment: datetime | None) -> int | None:
    return None if moment is None else int(pd.Timestamp(moment).value // 1000)
