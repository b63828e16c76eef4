"""Answers that are not all there is: a 206, a permission that goes, and what has no list at all."""

from __future__ import annotations

import json

import pytest

import graphinvestigate as gi
from graphinvestigate.demo import faults
from graphinvestigate.demo.answers import Response
from graphinvestigate.demo.faults import Asked, Fault
from graphinvestigate.walkthrough import investigate

SILENT = (
    ("Warning", '199 - "Vendor A/Provider One/504/10000"'),
    ("Warning", '199 - "Vendor B/Provider <b>Two/429/12"'),
)


def partly(*warnings: tuple[str, str]):
    """Answer genuinely but with half of the rows, status 206 and these headers."""

    def action(asked: Asked) -> Response:
        genuine = asked.genuine()
        page = json.loads(genuine.body)
        page["value"] = page["value"][::2]
        page.pop("@odata.count", None)
        return Response(206, (*genuine.headers, *warnings), json.dumps(page).encode())

    return action


def test_an_answer_that_lacks_a_product_is_partial_and_names_it(make_world) -> None:
    """The rows that came are kept, each silent product is named, and asking again brings the whole."""
    world = make_world(faults=[Fault("/security/alerts_v2", partly(*SILENT), on=[1])])
    with pytest.raises(gi.PartialResultError, match="Vendor A/Provider One") as caught:
        gi.list_alerts(world.client)
    assert len(caught.value.frame) == 30
    assert "Provider One (504 after 10000 ms)" in caught.value.missing
    assert "(429 after 12 ms)" in caught.value.missing
    said = gi.coverage(caught.value.frame).iloc[0]
    assert not said["complete"]
    assert "Provider One" in said["note"]
    assert len(caught.value.resume()) == 60


def test_a_206_that_names_nobody_is_still_no_whole_answer(make_world) -> None:
    """Without a Warning header nobody is named, and the answer is partial all the same."""
    world = make_world(faults=[Fault("/security/alerts_v2", partly(), on=[1])])
    frame = gi.list_alerts(world.client, on_partial="return")
    assert len(frame) == 30
    assert not gi.coverage(frame)["complete"].item()


@pytest.mark.parametrize(("message", "lacking"), [
    ("Missing application roles.", "the permission SecurityAlert.Read.All"), ("No premium license", "a licence"),
])  # fmt: skip
def test_what_was_lacking_half_way_is_in_the_coverage(make_world, message, lacking) -> None:
    """A permission or licence that is taken away during a pull: the rows so far, and the coverage names it."""
    world = make_world(alerts=60, faults=[Fault("/security/alerts_v2", faults.error(403, message=message), on={3})])
    frame = gi.list_alerts(world.client, page_size=20, on_partial="return")
    said = gi.coverage(frame).iloc[0]
    assert (said["rows_kept"], bool(said["complete"]), said["lacking"]) == (40, False, lacking)


def test_what_has_no_list_is_said_where_everything_else_is(world) -> None:
    """OAuth grants, inbox rules and the audit search: the investigation's coverage says where they show instead."""
    said = investigate(world.client).coverage.set_index("resource")["note"]
    for name in ("oauth_grants", "inbox_rules", "audit_search"):
        assert "alert evidence" in said[name]
        assert "hunting" in said[name]
