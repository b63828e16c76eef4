"""What one pull asked for and what came back: facts only."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True, weakref_slot=True)
class Pull:
    """One pull of one resource. Frames name it in their column `pull_id`; ``client.pulls`` keeps it.

    Attributes
    ----------
    pull_id : str
        Unique within a client.
    resource : str
        The resource's name, such as ``"alerts"``.
    path : str
        Graph's path, such as ``"/security/alerts_v2"``.
    params_asked : dict
        The query as it was sent with the first page.
    since, until : datetime or None
        The window asked for, in UTC; None is open.
    filters_server, filters_local : str
        The ``$filter`` Graph was asked to apply, and in words what was narrowed down here.
    limit : int or None
        At most so many rows were wanted.
    pages, rows_received, rows_kept : int
        What came, and what is in the frame.
    count_expected : int or None
        ``@odata.count`` of the first page that names one.
    complete : bool
        Whether every row that matched is in the frame.
    note : str
        Why not, or what else to know.
    lacking : str
        The permission or the licence that was lacking, where that is why something is missing.
    started, finished : datetime or None
        By the tenant's clock, in UTC.
    requests : int
        Requests made, repeated ones included.
    waited_seconds : float
        Time spent waiting because Graph limits requests.
    """

    pull_id: str
    resource: str
    path: str
    started: datetime | None = None
    params_asked: dict[str, str] = field(default_factory=dict)
    since: datetime | None = None
    until: datetime | None = None
    filters_server: str = ""
    filters_local: str = ""
    limit: int | None = None
    pages: int = 0
    rows_received: int = 0
    rows_kept: int = 0
    count_expected: int | None = None
    complete: bool = False
    note: str = ""
    lacking: str = ""
    finished: datetime | None = None
    requests: int = 0
    waited_seconds: float = 0.0
