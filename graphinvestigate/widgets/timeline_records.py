"""The records of a timeline and their marks: which node each mark stands for, and which marks a node has."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from graphinvestigate.linking import Entity, Record
from graphinvestigate.views.style import SEVERITIES
from graphinvestigate.views.timeline_events import marks_of
from graphinvestigate.views.timeline_naming import Naming
from graphinvestigate.views.timeline_words import mark_words

SELECTED_COLUMNS = ("record_kind", "id", "time", "end_time", "severity", "name")
WORDS = ("name", "what", "when", "details", "identity")


class Records:
    """Frames as marks.

    Parameters
    ----------
    frames : sequence of pandas.DataFrame
        What `plot_timeline` takes; they are not changed.
    lanes : str
        What the lanes stand for.
    breathe, naming : optional
        As for `marks_of`.

    Attributes
    ----------
    marks : Marks
        All that have a time.
    """

    def __init__(
        self,
        frames: Sequence[pd.DataFrame],
        lanes: str,
        *,
        breathe: Callable[[], object] | None = None,
        naming: Naming | None = None,
    ) -> None:
        self.frames = tuple(frames)
        self.marks = marks_of(self.frames, lanes, breathe=breathe, naming=naming)
        self._in_time: np.ndarray | None = None

    def only(self, which: np.ndarray) -> Records:
        """Give the records of some marks; what has no time stays."""
        part = object.__new__(Records)
        part.frames, part.marks, part._in_time = self.frames, self.marks.only(which), None
        return part

    @property
    def in_time(self) -> np.ndarray:
        """Places of the marks in the order of their start."""
        if self._in_time is None:
            self._in_time = np.argsort(self.marks.start, kind="stable")
        return self._in_time

    def nodes(self, places: np.ndarray) -> list[Record]:
        """Give what marks stand for, each once, in the order of time; evidence stands for its alert."""
        places = places[np.argsort(self.marks.start[places], kind="stable")]
        found: list[Record | None] = [None] * len(places)
        for number, (kind, frame) in enumerate(self.marks.frames):
            at = np.flatnonzero(self.marks.frame[places] == number)
            ids = _ids(kind, frame).take(self.marks.row[places[at]])
            node_kind = "alert" if kind == "evidence" else kind
            for one, key in zip(at.tolist(), ids.tolist(), strict=True):
                if isinstance(key, str) and key:
                    found[one] = Record(node_kind, key)
        return list(dict.fromkeys(node for node in found if node is not None))

    def of(self, nodes: Iterable[Entity | Record]) -> np.ndarray:
        """Tell which marks stand for one of these nodes; the others of them have none here."""
        nodes = list(nodes)
        mask = np.zeros(len(self.marks), dtype=bool)
        for number, (kind, frame) in enumerate(self.marks.frames):
            meant_kind = "alert" if kind == "evidence" else kind
            keys = [node[1] for node in nodes if node[0] == meant_kind]  # no entity is of a record's kind
            if keys:
                meant = _among(_ids(kind, frame), keys)
                at = self.marks.frame == number
                mask[at] = meant[self.marks.row[at]]
        return mask

    def table(self, places: np.ndarray) -> pd.DataFrame:
        """Give marks as a table, one row per record, in the order of time."""
        places = places[np.argsort(self.marks.start[places], kind="stable")]
        some = self.marks.take(places)
        kinds = np.array([kind for kind, _ in some.frames], dtype=object)
        words = mark_words(some)
        ids = np.empty(len(some), dtype=object)
        for number, (kind, frame) in enumerate(some.frames):
            at = some.frame == number
            ids[at] = _ids(kind, frame).take(some.row[at]).to_numpy(dtype=object)
        severities = np.array(list(SEVERITIES), dtype=object)
        table = pd.DataFrame(
            {
                "record_kind": pd.array(kinds[some.frame] if len(some) else [], dtype="str"),
                "id": pd.array(ids, dtype="str"),
                "time": pd.to_datetime(some.start, utc=True),
                "end_time": pd.to_datetime(some.end, utc=True),
                "severity": pd.array(severities[some.severity] if len(some) else [], dtype="str"),
                "name": pd.array([html.unescape(row[0]) for row in words], dtype="str"),
            }
        )
        return table.drop_duplicates(["record_kind", "id", "time"], ignore_index=True)

    def words(self, places: np.ndarray, *, apart: bool = False) -> list[dict[str, str]]:
        """Say what marks are, not escaped; of those without a time if asked for."""
        marks = self.marks.apart if apart else self.marks
        if marks is None:
            return []
        rows = mark_words(marks.take(places))
        return [dict(zip(WORDS, map(html.unescape, row), strict=True)) for row in rows]


def _among(ids: pd.Series[str], keys: list[str]) -> np.ndarray:
    """Tell which ids are among these; Arrow hashes a hundred thousand of them in no time."""
    found = pc.is_in(pa.array(ids.array), value_set=pa.array(keys, type=pa.large_string()))
    return np.asarray(found.to_numpy(zero_copy_only=False) if isinstance(found, pa.Array) else found.to_numpy(), bool)


def _ids(kind: str, frame: pd.DataFrame) -> pd.Series[str]:
    name = "alert_id" if kind == "evidence" else "id"
    return frame[name] if name in frame.columns else pd.Series(None, index=frame.index, dtype="str")
