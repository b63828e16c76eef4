"""One record by its id, as a frame of one row whose origin is remembered."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import pandas as pd

from graphinvestigate.client import GraphClient, Pull, path_segment
from graphinvestigate.errors import UsageError
from graphinvestigate.frames import records_frame
from graphinvestigate.frames.schema import RESOURCES
from graphinvestigate.queries.coverage import BY_ID, failures_kept, remember
from graphinvestigate.queries.offered import refuse_absent
from graphinvestigate.text import log


def checked_id(argument: str, record_id: str) -> str:
    """An id as text, without the spaces that copying brings along.

    Raises
    ------
    UsageError
        It is no text, or empty: a list would answer.
    """
    if not isinstance(record_id, str) or not record_id.strip():
        written = f": write {str(record_id)!r}" if type(record_id) is int else ""
        raise UsageError(f"{argument} takes the id of one record as text; got {record_id!r:.80}{written}.")
    return record_id.strip()


def one_record(
    client: GraphClient,
    name: str,
    argument: str,
    record_id: str,
    *,
    expand: str | None = None,
    select: Sequence[str] = (),
) -> tuple[pd.DataFrame, Pull]:
    """One record as a frame of one row, and its pull, which is remembered."""
    resource = RESOURCES[name]
    path = f"{resource.path}/{path_segment(checked_id(argument, record_id))}"
    params = {"$expand": expand} if expand else {}
    if select:
        params["$select"] = ",".join(select)
    refuse_absent(client, resource.path)
    started, requests, waited = client.now(), client.requests_made, client.waited_seconds
    by_id = f"{BY_ID}{log(record_id.strip())}"
    asked = Pull(pull_id="", resource=resource.name, path=path, params_asked=params, filters_server=by_id)
    with failures_kept(client, asked):
        page = client.record(path, params=params or None, permission=resource.permission)
    pull_id = f"{resource.name}-{uuid.uuid4().hex[:12]}"
    frame = records_frame(resource, [page], pull_id=pull_id)
    facts = Pull(
        pull_id=pull_id, resource=resource.name, path=path, params_asked=params, since=None, until=None,
        filters_server=by_id, filters_local="", limit=None, pages=1, rows_received=1, rows_kept=1,
        count_expected=None, complete=True, note="", started=started, finished=client.now(),
        requests=client.requests_made - requests, waited_seconds=client.waited_seconds - waited,
    )  # fmt: skip
    remember(client, facts)
    return frame, facts


def holds_legacy(frame: pd.DataFrame) -> bool:
    """Whether rows are alerts of the retired endpoint: those alone say who their vendor is."""
    kinds = set(frame["record_kind"].dropna()) if "record_kind" in frame.columns else set()
    raws = frame["raw"] if "raw" in frame.columns and "alert" in kinds else ()
    return "legacy_alert" in kinds or any('"vendorInformation"' in str(raw) for raw in raws)
