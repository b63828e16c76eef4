"""A part of an entity graph answers like the whole, also about records that lie outside of it."""

from __future__ import annotations

import graphinvestigate as gi


def test_why_and_paths_work_where_the_stating_record_was_cut_off(world) -> None:
    """A tie keeps its reasons in a cut-out that lacks the record which states it; the sentence says so."""
    g = gi.entity_graph(alerts=gi.list_alerts(world.client))
    truth = world.tenant.truth.attack
    user = gi.find_entity(g, truth.user.id)
    host = gi.find_entity(g, truth.laptop.mde_device_id)
    cut = g.subgraph([user, host])
    whole = gi.why(g, user, host)
    part = gi.why(cut, user, host)
    assert list(part["record_id"]) == list(whole["record_id"])
    assert list(part["value"]) == list(whole["value"])
    assert part["sentence"].str.contains("outside this part of the graph").all()
    assert "outside this part of the graph" in gi.paths(cut, user, host)[0].sentences[0]
