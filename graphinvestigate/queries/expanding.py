"""Incidents with their alerts where Graph cannot list them together: a list without, then one by one."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pandas as pd

from graphinvestigate.client import GraphClient, path_segment
from graphinvestigate.envelope import Page, read_page
from graphinvestigate.errors import GraphInvestigateError, PartialResultError, ServiceError, UsageError
from graphinvestigate.frames import newest, records_frame
from graphinvestigate.queries.coverage import asked_otherwise, remember
from graphinvestigate.queries.pulling import OnPartial, pull_with_facts
from graphinvestigate.queries.questions import Question


def failed_for_good(error: GraphInvestigateError) -> bool:
    """Whether Graph itself failed (500), as it does on filtered lists of incidents that hold many alerts."""
    cause = error.__cause__ if isinstance(error, PartialResultError) else error
    return isinstance(cause, ServiceError) and cause.status == 500


def pull_expanded(client: GraphClient, question: Question, on_partial: OnPartial) -> pd.DataFrame:
    """Every row of a question, however Graph can be brought to give it; raises as `pull` does."""
    if not question.expand:
        return pull_with_facts(client, question, on_partial)[0]
    if on_partial not in {"raise", "return"}:
        raise UsageError(f"on_partial takes 'raise' or 'return'; got {on_partial!r:.80}.")
    try:
        return pull_with_facts(client, question, "raise")[0]
    except (ServiceError, PartialResultError) as error:
        if not failed_for_good(error):
            if isinstance(error, PartialResultError) and on_partial == "return":
                return error.frame
            raise
        asked_otherwise(client, error)
    return pull_one_by_one(client, question, on_partial)


def pull_one_by_one(client: GraphClient, question: Question, on_partial: OnPartial) -> pd.DataFrame:
    """The incidents of a question without their alerts, then each by its id with them.

    Raises
    ------
    PartialResultError
        The list stopped, or not every incident could be asked for; `.frame` has what came, `.resume()` asks again.
    """
    requests, waited = client.requests_made, client.waited_seconds
    listed, facts = pull_with_facts(client, replace(question, expand=None), on_partial)
    resource = question.resource
    pages: list[Page] = []
    failed: list[GraphInvestigateError] = []
    for incident_id, raw in zip(listed["id"], listed["raw"], strict=True):
        try:
            path = f"{resource.path}/{path_segment(incident_id)}"
            pages.append(client.record(path, params={"$expand": "alerts"}, permission=resource.permission))
        except GraphInvestigateError as error:
            failed.append(error)
            pages.append(read_page(f'{{"value":[{raw}]}}'.encode(), source=f"the list of {resource.name}"))
    pull_id = f"{resource.name}-{uuid.uuid4().hex[:12]}"
    frame, _ = newest(resource, records_frame(resource, pages, pull_id=pull_id))
    missing = f"the alerts of {len(failed)} of {len(listed)} incidents" if failed else ""
    note = "Graph failed on the list with its alerts (500): listed without, then asked for one by one"
    remember(
        client,
        replace(
            facts, pull_id=pull_id, rows_kept=len(frame), complete=facts.complete and not failed,
            note="; ".join(part for part in (note, facts.note, missing and f"{missing} did not come") if part),
            finished=client.now(), requests=client.requests_made - requests,
            waited_seconds=client.waited_seconds - waited,
        ),
        question,
    )  # fmt: skip
    if failed and on_partial == "raise":
        raise PartialResultError(
            f"{resource.name}: all {len(frame)} rows came, but {missing} did not ({failed[0]}). "
            "The rows are in this error's .frame; .resume() asks for all again.",
            frame=frame,
            missing=missing,
            resume=lambda: pull_one_by_one(client, question, on_partial),
        ) from failed[0]
    return frame
