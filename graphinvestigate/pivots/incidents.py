"""The incidents that alerts belong to: one by one where they are few, else out of one list; on from where it broke.

The list holds those that were created within the window. An alert may join an older incident, and an incident may have
been merged into another: those are asked for one by one, too.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import pandas as pd

from graphinvestigate import queries
from graphinvestigate.client import GraphClient
from graphinvestigate.errors import GraphInvestigateError, PartialResultError, RecordNotFoundError, UsageError
from graphinvestigate.frames import empty_frame, newest
from graphinvestigate.frames.schema import RESOURCES
from graphinvestigate.queries.coverage import BY_ID, coverage_table, known_pull, not_read, pulls_made, remember, went_on
from graphinvestigate.queries.questions import Time
from graphinvestigate.text import log

FEW = 20  # up to so many incidents are asked for one by one
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Incidents:
    """What came of some incidents that were asked for.

    Attributes
    ----------
    frame : DataFrame
        In the columns of `list_incidents`, each once.
    settled : frozenset of str
        Ids that need not be asked for again: they came, or are not there.
    table : DataFrame
        Coverage of what is settled.
    broke : GraphInvestigateError or None
        Why the others did not come.
    listing : PartialResultError or None
        Of a list that broke off: how to go on with it.
    open_table : DataFrame or None
        Coverage of what broke off.
    listed : DataFrame or None
        All incidents that were created within the window, once they are read.
    """

    frame: pd.DataFrame
    settled: frozenset[str]
    table: pd.DataFrame
    broke: GraphInvestigateError | None = None
    listing: PartialResultError | None = None
    open_table: pd.DataFrame | None = None
    listed: pd.DataFrame | None = None


def incidents_of(
    client: GraphClient, wanted: Collection[str], since: Time, until: Time, before: Incidents | None = None
) -> Incidents:
    """Ask for incidents by their ids; those that came before are not asked for again.

    Parameters
    ----------
    client : GraphClient
    wanted : collection of str
        Their ids, as alerts name them.
    since, until : str or datetime, optional
        The window of the list that is read where they are many.
    before : Incidents, optional
        What came earlier.
    """
    had = before or Incidents(empty_frame(RESOURCES["incidents"]), frozenset(), coverage_table([]))
    rest = sorted(set(wanted) - had.settled)
    if had.listing is not None or (len(rest) > FEW and had.listed is None):
        return _out_of_a_list(client, rest, since, until, had)
    return _looked_up(client, rest, had)


def _looked_up(client: GraphClient, rest: list[str], had: Incidents) -> Incidents:
    """Take what the list holds, where it is read; ask for the others."""
    if had.listed is not None:
        own = had.listed[had.listed["id"].isin(rest) & had.listed["redirect_incident_id"].isna()]
        frame, _ = newest(RESOURCES["incidents"], pd.concat([had.frame, own], ignore_index=True))
        had = replace(had, frame=frame, settled=had.settled | frozenset(own["id"]))
        rest = [one for one in rest if one not in had.settled]
    return _one_by_one(client, rest, had)


def _one_by_one(client: GraphClient, rest: list[str], had: Incidents) -> Incidents:
    found, settled, absent = [had.frame], set(had.settled), []
    broke: GraphInvestigateError | None = None
    with pulls_made() as made:
        for incident_id in rest:
            try:
                found.append(queries.get_incident(client, incident_id, expand_alerts=False))
            except (RecordNotFoundError, UsageError):  # an alert may name what is no id at all
                absent.append(incident_id)
            except GraphInvestigateError as error:
                broke = error
                break
            settled.add(incident_id)
        if had.broke is not None:
            went_on(client, made)
    tables = [had.table, coverage_table(one for one in made.values() if broke is None or one.pull_id != broke.pull_id)]
    if absent:
        named = f"{', '.join(map(log, absent[:_NAMED]))}{' …' if absent[_NAMED:] else ''}"
        tables.append(not_read("incidents", f"alerts name incidents that are not there, or hidden from you: {named}"))
    open_table = None
    if broke is not None:
        to_come = [one for one in rest if one not in settled]
        note = f"{len(to_come)} of them did not come: {broke}"
        if (failed := known_pull(broke.pull_id)) is not None:  # it stands for those behind it, which were not asked for
            ids = ", ".join(map(log, to_come))
            remember(client, replace(failed, note=note, filters_server=f"{BY_ID}{ids}"))
        open_table = not_read("incidents", broke).assign(note=note)
    # Two ids may lead to one incident: into it, merged ones are followed.
    frame, _ = newest(RESOURCES["incidents"], pd.concat(found, ignore_index=True))
    return Incidents(frame, frozenset(settled), _joined(tables), broke, None, open_table, had.listed)


def _out_of_a_list(client: GraphClient, rest: list[str], since: Time, until: Time, had: Incidents) -> Incidents:
    listing: PartialResultError | None = None
    try:
        with pulls_made() as made:
            if had.listing is not None and had.listing.resume is not None:
                listed = had.listing.resume()
            else:
                listed = queries.list_incidents(client, since=since, until=until)
    except PartialResultError as error:
        listed, listing = error.frame, error
    except GraphInvestigateError as error:  # nothing of it came, now
        broken = had.open_table if had.open_table is not None else not_read("incidents", error)
        return Incidents(had.frame, had.settled, had.table, error, had.listing, broken)
    table = coverage_table(made.values())
    if listing is None:
        read = Incidents(had.frame, had.settled, _joined([had.table, table]), listed=listed)
        return _looked_up(client, rest, read)
    own = listed[listed["id"].isin(rest)]
    frame, _ = newest(RESOURCES["incidents"], pd.concat([had.frame, own], ignore_index=True))
    return Incidents(frame, had.settled, had.table, listing, listing, table)


def _joined(tables: list[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(tables, ignore_index=True)
