"""A replay: a case built anew from its records, and compared with what it was when it was saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import networkx as nx
import pandas as pd
import plotly.graph_objects as go

from graphinvestigate.cases.contents import contents_of
from graphinvestigate.cases.difference_words import counted
from graphinvestigate.cases.graph_json import FILE as GRAPH, graph_differences
from graphinvestigate.cases.manifest import NAME, Manifest, versions
from graphinvestigate.cases.rebuilding import hashes, rebuild
from graphinvestigate.cases.storage import Stored
from graphinvestigate.errors import BadFileError
from graphinvestigate.text import log

_TOLD = ("report:", "timeline:", "markdown:")  # how differences begin that rules of telling have a say in


@dataclass(frozen=True, slots=True)
class Replay:
    """What a case's records gave, with no client.

    Attributes
    ----------
    frames : dict of str to DataFrame
    graph : networkx.MultiDiGraph
        As the records give it.
    timeline : plotly Figure
    report : str
        The report's HTML.
    markdown : str
        The text for a ticket.
    differences : list of str
        Where what was rebuilt differs from what was saved, in sentences; empty where nothing does.
    beyond : list of str
        What the saved graph said when it was saved and its records do not give, in sentences: annotations, graphs that
        were added without their records.
    versions_differ : dict of str to tuple of str
        Per tool the version the case was saved with and the one used here, where they are not the same. With the
        same versions everything is compared byte for byte, with others by value.
    retold : str
        Where another version of the report made the one that was saved, and this one says something else of the same
        case: that, in a sentence. It is no difference: records and entity graph are compared as ever. Else empty.
    """

    frames: dict[str, pd.DataFrame] = field(repr=False)
    graph: nx.MultiDiGraph = field(repr=False)
    timeline: go.Figure = field(repr=False)
    report: str = field(repr=False)
    markdown: str = field(repr=False)
    differences: list[str]
    beyond: list[str]
    versions_differ: dict[str, tuple[str, str]]
    retold: str = ""

    @property
    def sentence(self) -> str:
        """The outcome in one sentence."""
        how = "by value" if self.versions_differ else "byte for byte"
        rows = sum(map(len, self.frames.values()))
        built = (
            f"{rows:,} records of {len(self.frames)} kinds, {self.graph.number_of_nodes():,} nodes, "
            f"{self.graph.number_of_edges():,} edges, timeline and report"
        )
        if not self.differences:
            same = "records and graph are the same" if self.retold else "the same"
            said = f"Rebuilt {built}: {same} as saved, {how}."
        else:
            count = counted(len(self.differences), "difference", "differences")
            said = f"Rebuilt {built}: {count} from what was saved, compared {how}."
        return f"{said} {self.retold}" if self.retold else said


def replay(stored: Stored) -> Replay:
    """Build a case anew from what is stored, and compare.

    Parameters
    ----------
    stored : Stored

    Returns
    -------
    Replay

    Raises
    ------
    BadFileError
        A file is not what the manifest says: there is nothing to prove with it.
    """
    wrong = [problem for problem in stored.problems if problem.kind != "extra"]
    if wrong:
        raise BadFileError(f"{wrong[0]} A replay of other files than those that were saved would prove nothing.")
    manifest = stored.manifest
    contents = contents_of(stored.files)
    built = rebuild(manifest, contents)
    other = {
        name: (manifest.tools.get(name, "unknown"), here)
        for name, here in versions().items()
        if manifest.tools.get(name) != here
    }
    other_rules = other.pop("report", None)
    found = hashes(contents.frames, built)
    said, beyond = _different(manifest, found, exactly=not other), []
    retold = ""
    if other_rules is not None:
        told = [one for one in said if one.startswith(_TOLD)]
        said = [one for one in said if one not in told]
        retold = _retold(other_rules, told) if told else ""
    if contents.graph is not None:
        more = graph_differences(contents.graph, built.graph)
        if _was_so(manifest, found):
            beyond = more
        else:
            said += more
    return Replay(
        contents.frames, built.graph, built.timeline, built.report, built.markdown, said, beyond, other, retold
    )


def _retold(rules: tuple[str, str], told: list[str]) -> str:
    then, here = rules
    made = "an earlier version of the report" if then == "unknown" else f"version {log(then)} of the report"
    return (
        f"The saved report was made by {made}; this is version {here}, which tells the same case in other words "
        f"({counted(len(told), 'part', 'parts')} of report, ticket and timeline). So the report can't be compared, "
        "which says nothing against the case. Keep the report that was written then, if it has to be shown."
    )


def _was_so(manifest: Manifest, found: Mapping[str, Any]) -> bool:
    """Whether both graphs, the saved one and that of the records, are what they were when the case was saved."""
    saved = manifest.derived["graph"] if manifest.derived else {}
    file = manifest.files.get(GRAPH)
    return file is not None and saved.get("file") == file.sha256 and saved.get("sha256") == found["graph"]["sha256"]


def _different(manifest: Manifest, found: Mapping[str, Any], *, exactly: bool) -> list[str]:
    """Compare hashes; only where the versions are the same, bytes that the versions have a say in count."""
    saved = manifest.derived
    if not saved:
        return ["the manifest does not say what was rebuilt when the case was saved: there is nothing to compare with."]
    try:
        said = [*_frames(saved["frames"], found["frames"]), *_report(saved["report"], found["report"])]
        said += [
            f"{name}: other values than when the case was saved."
            for name in ("graph", "timeline", "markdown")
            if saved[name]["sha256"] != found[name]["sha256"]
        ]
        if exactly and saved["report"]["sha256"] != found["report"]["sha256"] and not said:
            said.append("report: other bytes than when the case was saved, in what frames its sections.")
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise BadFileError(
            f"{NAME}: what it says of the values that were derived is damaged ({log(str(error))}), so there is nothing "
            "to compare with. Take an undamaged copy of the case."
        ) from error
    return said


def _frames(saved: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    said = []
    for name in dict.fromkeys([*saved, *found]):
        if name not in saved or name not in found:
            said.append(f"{log(name)}: {'not there when the case was saved' if name in found else 'missing here'}.")
            continue
        before, after = saved[name], found[name]
        if before["rows"] != after["rows"]:
            said.append(f"{log(name)}: {after['rows']:,} rows instead of {before['rows']:,}.")
        for column in dict.fromkeys([*before["columns"], *after["columns"]]):
            old, new = before["columns"].get(column), after["columns"].get(column)
            if old is None or new is None:
                what = "is new in this version" if old is None else "is not there in this version"
                said.append(f"{log(name)}: the column {log(column)} {what}.")
            elif old[0] != new[0]:
                said.append(f"{log(name)}: the column {log(column)} is {new[0]} instead of {old[0]}.")
            elif old[1] != new[1]:
                said.append(f"{log(name)}: the column {log(column)} has other values than when the case was saved.")
    return said


def _report(saved: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    before, after = dict(saved["sections"]), dict(found["sections"])
    said = []
    for name in dict.fromkeys([*before, *after]):
        if name not in before or name not in after:
            said.append(f"report: the section “{log(name)}” is {'new' if name in after else 'missing'}.")
        elif before[name] != after[name]:
            said.append(f"report: the section “{log(name)}” differs.")
    if saved["title"] != found["title"]:
        said.append("report: its title differs.")
    return said
