"""Two versions of one case → one that has what both have. Nobody's notes, requests or records are lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import networkx as nx
import pandas as pd

from graphinvestigate.cases.contents import Contents, files_hashes
from graphinvestigate.cases.records import LEGACY, MAPPED, kind_of
from graphinvestigate.errors import UsageError
from graphinvestigate.files import sha256
from graphinvestigate.frames import newest
from graphinvestigate.frames.schema import LEGACY_ALERTS, RESOURCES
from graphinvestigate.linking import merge_graphs


def join_frames(kind: str | None, old: pd.DataFrame | None, new: pd.DataFrame) -> pd.DataFrame:
    """Put two frames of one kind together: one row per record, the newer version of it.

    Parameters
    ----------
    kind : str or None
        Such as ``alerts``. The rows of a hunting answer have no ids: its pulls tell them apart.
    old, new : pandas.DataFrame
        Where both hold a record in the same version, the row of `new` stays.

    Returns
    -------
    pandas.DataFrame
        Numbered from 0. Columns that only one of them has are missing in the other's rows.
    """
    if kind == MAPPED:
        return _both(old, new).drop_duplicates(["record_kind", "id"], keep="last", ignore_index=True)
    if kind not in (*RESOURCES, LEGACY):
        if old is None:
            return new.reset_index(drop=True)
        known = set(zip(old["pull_id"], old["raw"], strict=True))
        fresh = [pair not in known for pair in zip(new["pull_id"], new["raw"], strict=True)]
        return _both(old, new[fresh])
    return newest(LEGACY_ALERTS if kind == LEGACY else RESOURCES[str(kind)], _both(old, new))[0]


def _both(old: pd.DataFrame | None, new: pd.DataFrame) -> pd.DataFrame:
    if old is None or not len(old):
        return new.reset_index(drop=True)
    return pd.concat([old, new], ignore_index=True) if len(new) else old


def merged(disk: Contents, mine: Contents, base: Mapping[str, str]) -> Contents:
    """Put what lies on disk together with what one notebook has.

    Parameters
    ----------
    disk, mine : Contents
    base : mapping of str to str
        Hashes of the files as this notebook last read or wrote them: what only one side changed since is taken
        from that side; what both changed is joined, or kept twice under two names.

    Returns
    -------
    Contents
    """
    theirs, ours = files_hashes(disk), files_hashes(mine)
    both = Contents(
        notes={**mine.notes, **disk.notes},
        requests={**disk.requests, **mine.requests},
        actions={**disk.actions, **mine.actions},
    )

    def side(prefix: str) -> str:
        """Who changed the files that begin so."""
        parts = [{n: h for n, h in files.items() if n.startswith(prefix)} for files in (theirs, ours, base)]
        if parts[0] in (parts[1], parts[2]):
            return "mine"
        return "disk" if parts[1] == parts[2] else "both"

    for name in _either(disk.frames, mine.frames):
        chosen = side(f"records/{name}.")
        if chosen == "both" and name in disk.frames and name in mine.frames:
            both.frames[name] = join_frames(kind_of(mine.frames[name]), disk.frames[name], mine.frames[name])
        else:
            both.frames[name] = _from(chosen, name, disk.frames, mine.frames)
    for place, theirs_, ours_, kept in (
        ("tables", disk.tables, mine.tables, both.tables),
        ("figures", disk.figures, mine.figures, both.figures),
    ):
        for name in _either(theirs_, ours_):
            chosen = side(f"{place}/{name}.")
            if chosen == "both" and name in theirs_ and name in ours_:
                kept[name] = theirs_[name]
                kept[f"{name[:50]}-{sha256(ours[f'{place}/{name}.json'])[:8]}"] = ours_[name]
            else:
                kept[name] = _from(chosen, name, theirs_, ours_)
    both.graph = _graph(side("graph.json"), disk.graph, mine.graph)
    return both


def _either(*named: Mapping[str, Any]) -> Iterable[str]:
    return dict.fromkeys(name for one in named for name in one)


def _from(chosen: str, name: str, disk: Mapping[str, Any], mine: Mapping[str, Any]) -> Any:
    first, second = (disk, mine) if chosen == "disk" else (mine, disk)
    return first[name] if name in first else second[name]


def _graph(chosen: str, disk: nx.MultiDiGraph | None, mine: nx.MultiDiGraph | None) -> nx.MultiDiGraph | None:
    if disk is None or mine is None:
        return mine if disk is None else disk
    if chosen != "both":
        return disk if chosen == "disk" else mine
    try:
        return merge_graphs(disk, mine)
    except (UsageError, KeyError):  # a graph that was changed by hand
        return nx.compose(disk, mine)
