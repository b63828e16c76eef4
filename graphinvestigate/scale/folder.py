"""The folder of a lake: whose records it holds, and how they come into it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from graphinvestigate.client import GraphClient
from graphinvestigate.errors import BadFileError, PartialResultError, UsageError
from graphinvestigate.files import write_new
from graphinvestigate.linking.identifiers import guid
from graphinvestigate.queries.questions import window as window_of
from graphinvestigate.scale.asked import seconds, sources_of
from graphinvestigate.scale.at_rest import UNKNOWN_DAY, check, resource_of
from graphinvestigate.scale.engine_choice import engine_for
from graphinvestigate.scale.engines import Engine, readable
from graphinvestigate.scale.pulling import PULLS, SOURCES, Puller, notes_of
from graphinvestigate.scale.reading import Reader, Window, compact
from graphinvestigate.scale.store import TenantStore, day_of, writable
from graphinvestigate.text import log
from graphinvestigate.wanted import takes

Time = str | datetime | None
Values = str | Sequence[str] | None

_FORMAT = "graphinvestigate lake 1\n"
_TENANT = re.compile(r"[a-z0-9_](?:[a-z0-9_-]|\.(?!\.)){0,252}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_GRACE = 3600.0  # seconds: nobody reads longer than that in files that were replaced


class LakeFolder:
    """A lake's folder and its engine; `Lake` reads it."""

    @takes
    def __init__(self, path: str | Path, *, tenant: str | None = None, engine: Any = None) -> None:
        if not os.fspath(path):
            raise UsageError("path names no folder: give the lake one of its own, such as 'lake'.")
        self.path = Path(path)
        self.engine: Engine = engine_for(engine)
        self._tenant = tenant
        _tenant_folder(tenant)  # a name that can't be one is refused here, not at the first question
        mark = self.path / "lake.json"
        try:
            said = mark.read_bytes()
        except FileNotFoundError:
            self._check_free()
        except (OSError, ValueError) as error:  # a path with a NUL in it is none
            raise self._unreadable(error) from error
        else:
            if said.split() != _FORMAT.encode().split():
                raise BadFileError(f"{log(str(mark))}: a lake of another version; this one reads {_FORMAT.strip()!r}.")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.path)!r}, tenant={self._tenant!r}, engine={self.engine.name!r})"

    def _check_free(self) -> None:
        try:
            held = self.path.is_dir() and any(self.path.iterdir())
        except OSError as error:
            raise self._unreadable(error) from error
        if held:
            raise UsageError(f"{log(str(self.path))} holds something that is no lake; give a folder of its own.")

    def _unreadable(self, error: Exception) -> BadFileError:
        said = getattr(error, "strerror", None) or log(str(error))
        return BadFileError(f"{log(str(self.path))}: it can't be read ({said}). Name a folder that you may read.")

    def tenants(self) -> list[str]:
        """List the tenants that have records here."""
        try:
            names = os.listdir(self.path / "tenants")
        except FileNotFoundError:
            return []
        except OSError as error:
            raise self._unreadable(error) from error
        return sorted(name for name in names if (self.path / "tenants" / name / "log").is_dir())

    def pulls(self) -> pd.DataFrame:
        """Show what was pulled: one row per complete request, with its window, start (UTC) and number of rows."""
        notes = notes_of(self._store().log.commits())
        columns = ["source", "what", "since", "until", "started", "rows", "note"]
        found = pd.DataFrame(notes, columns=columns)
        for name in ("since", "until", "started"):  # whole seconds and fractions stand side by side
            found[name] = pd.to_datetime(found[name], utc=True, format="ISO8601")
        return found.astype(PULLS)

    @takes
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
            There is no such source, a time that can't be right, or the client is of another tenant than the lake.
        NotSavedError
            The folder can't be written.
        PartialResultError
            A source could not be read to the end; `.frame` is the table above, what came is in the lake.
        """
        chosen = sources_of(sources, SOURCES)
        if on_partial not in ("raise", "return"):
            raise UsageError(f"on_partial is 'raise' or 'return'; got {log(repr(on_partial))[:60]}.")
        now = client.now()
        start, end = window_of(since, until, now=now)
        if start is None:
            raise UsageError("since= is needed: a lake is pulled day by day. Give a time such as '90d'.")
        home = client.home()
        if (wanted := _tenant_folder(self._tenant)) not in (None, home):
            raise UsageError(
                f"this lake was opened for tenant {log(str(wanted))}, and the client reads {log(home)}: pull with "
                f"Lake(path, tenant={log(home)!r}), or with another client."
            )
        with writable(self.path):
            puller = Puller(client, self._store(home, create=True), keep_pages)
            for name in chosen:
                puller.pull(SOURCES[name], start, end or now)
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

    @takes
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
        NotSavedError
            The folder can't be written.
        """
        if not len(frame) and {"record_kind", "raw"} <= set(frame.columns):
            return 0  # an empty answer
        resource = resource_of(frame)
        if resource is None:
            raise UsageError("a lake takes frames of one kind of record, with the columns record_kind and raw.")
        check(frame, resource)
        default = _tenant_folder(self._tenant if tenant is None else tenant)
        column = "tenant_id" if "tenant_id" in frame and resource.name in ("alerts", "incidents") else None
        own = frame[column].fillna("") if column else pd.Series("", index=frame.index, dtype="str")
        named = own.map(lambda said: _tenant_folder(guid(str(said))) or default or "")
        if (named == "").any():
            raise UsageError("these records don't say their tenant: add(frame, tenant=…) or Lake(path, tenant=…).")
        with writable(self.path):
            for name, rows in frame.groupby(named, sort=True):
                self._store(name, create=True).add(resource, rows, note={"added": resource.name})
        return len(frame)

    @takes
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
        vacuum_after = seconds("vacuum_after", vacuum_after)
        store = self._store()
        with writable(self.path), readable(str(self.path)):
            done = compact(store, self.engine)
            store.vacuum(older_than=vacuum_after)
        return done

    def _store(self, tenant: str | None = None, *, create: bool = False) -> TenantStore:
        name, here = _tenant_folder(tenant or self._tenant), self.tenants()
        if not create and not here:
            told = "is empty" if self.path.is_dir() else "does not exist yet"
            raise UsageError(
                f"the lake {log(str(self.path))} {told}: fill it with lake.pull(client) or lake.add(frame), or give "
                "the folder of another."
            )
        if name is None:
            if len(here) != 1:
                raise UsageError(
                    f"the lake {log(str(self.path))} holds {len(here)} tenants ({_listed(here)}): choose one, "
                    "Lake(path, tenant=…)."
                )
            name = here[0]
        if create:
            (self.path / "tenants").mkdir(parents=True, exist_ok=True)
            if not (self.path / "lake.json").exists():
                with suppress(FileExistsError):  # another process makes the same lake
                    write_new(self.path / "lake.json", _FORMAT)
        elif name not in here:
            raise UsageError(
                f"the lake {log(str(self.path))} holds nothing of tenant {log(name)}; there are {_listed(here)}."
            )
        return TenantStore(self.path / "tenants" / name, name)

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Answer one question: what is kept for it goes, and what an engine can't read is named."""
        with self.engine.asking(), readable(str(self.path)):
            yield

    def _reader(self) -> Reader:
        return Reader(self._store(), self.engine)

    def _window(self, since: Time, until: Time) -> Window:
        log_ = self._store().log
        started = [note["started"] for note in notes_of(log_.commits())]
        today = datetime.now(UTC)
        pulled = datetime.fromisoformat(max(started)) if started else today
        start, end = window_of(since, until, now=pulled, latest=max(pulled, today))
        window = _micros(start), _micros(end)
        days = [file.day for file in log_.live() if file.day != UNKNOWN_DAY]
        if start is not None and start > pulled and max(days, default="") < str(day_of(window[0])):
            raise UsageError(
                f"the lake knows nothing after {pulled:%Y-%m-%dT%H:%M:%SZ}, its newest pull: lake.pull(client) brings "
                "it up to date."
            )
        return window


def _listed(tenants: Sequence[str]) -> str:
    more = f" and {len(tenants) - 5} more (lake.tenants())" if len(tenants) > 5 else ""
    return ", ".join(map(log, tenants[:5])) + more


def _tenant_folder(tenant: str | None) -> str | None:
    """Give the folder of a tenant: its id, or a domain name; anything else could lead out of the lake."""
    if tenant is None or (isinstance(tenant, str) and not tenant.strip()):
        return None
    name = tenant.strip().strip("{}").casefold() if isinstance(tenant, str) else ""
    if not _TENANT.fullmatch(name):
        raise UsageError(f"{log(repr(tenant))[:80]} is no tenant: give its id, or one of its domain names.")
    return name


def _micros(moment: datetime | None) -> int | None:
    return None if moment is None else (moment - _EPOCH) // timedelta(microseconds=1)
