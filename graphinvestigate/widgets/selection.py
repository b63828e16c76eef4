"""What is selected, shared by the widgets of one investigation."""

from __future__ import annotations

from typing import Any

import traitlets

from graphinvestigate.errors import UsageError
from graphinvestigate.linking import Entity, Record


class Selection(traitlets.HasTraits):
    """What is selected now: an entity, a record such as an alert, or nothing.

    Widgets that share one selection follow each other: each sets ``node`` when its user selects something and
    observes it for what the others select.
    """

    node = traitlets.Any(default_value=None, allow_none=True, help="Entity, Record or None")

    @traitlets.validate("node")
    def _only_nodes(self, proposal: dict[str, Any]) -> Entity | Record | None:
        node = proposal["value"]
        if node is None or isinstance(node, (Entity, Record)):
            return node
        raise UsageError(f"only an Entity or a Record can be selected, not {type(node).__name__}: {node!r:.80}")

    @property
    def alert(self) -> str | None:
        """The id of the selected alert, if an alert is selected."""
        node = self.node
        return node.id if isinstance(node, Record) and node.kind == "alert" else None

    def __repr__(self) -> str:
        return f"Selection({self.node!r})"
