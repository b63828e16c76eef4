"""Named locations: what the tenant calls its own, and that everybody shares it."""

from __future__ import annotations

import json

import pandas as pd
import pytest

import graphinvestigate as gi

PATH = "identity/conditionalAccess/namedLocations"
# As documented: namedLocation, then what each of its two types adds.
COMMON = {"@odata.type", "id", "displayName", "createdDateTime", "modifiedDateTime"}
ADDED = {
    "#microsoft.graph.ipNamedLocation": {"isTrusted", "ipRanges"},
    "#microsoft.graph.countryNamedLocation": {
        "countriesAndRegions",
        "countryLookupMethod",
        "includeUnknownCountriesAndRegions",
    },
}


def test_every_location_is_a_row_and_keeps_its_type(world) -> None:
    """Both types stand in one table, each property in its column, the record in `raw`."""
    frame = gi.list_named_locations(world.client)
    records = list(world.tenant.collections[PATH])
    assert sorted(frame["id"]) == sorted(record["id"] for record in records)
    for row in frame.itertuples():
        record = json.loads(row.raw)
        assert record == next(r for r in records if r["id"] == row.id)
        assert set(record) == COMMON | ADDED[record["@odata.type"]]
        if "isTrusted" in record:
            assert (row.is_trusted, json.loads(row.ip_ranges)) == (record["isTrusted"], record["ipRanges"])
        else:
            assert row.is_trusted is pd.NA
            assert row.countries_and_regions == record["countriesAndRegions"]
    assert gi.coverage(frame)["complete"].all()


def test_only_the_trusted_ones(world) -> None:
    """`is_trusted` is compared here, and the coverage says so."""
    frame = gi.list_named_locations(world.client, is_trusted=True)
    assert frame["is_trusted"].tolist() == [True]
    assert "is_trusted" in gi.coverage(frame).iloc[0]["filters_local"]


def test_without_permission_it_is_told_which(make_world) -> None:
    """403 names Policy.Read.All, and `check_access` says what stays unseen."""
    client = make_world(permissions=["SecurityAlert.Read.All"]).client
    with pytest.raises(gi.PermissionMissingError, match=r"Policy\.Read\.All"):
        gi.list_named_locations(client)
    said = gi.check_access(client).set_index("function").loc["list_named_locations"]
    assert (said["can_read"], said["permission"]) == ("no", "Policy.Read.All")


def test_the_offices_address_is_a_hub_by_its_name(world) -> None:
    """Given to the graph, the trusted range makes the office's address a hub that says which location it is in."""
    locations = gi.list_named_locations(world.client)
    g = gi.entity_graph(sign_ins=gi.list_sign_ins(world.client, since="2d"), hubs=locations)
    row = gi.find_hubs(g).set_index("key").loc[world.tenant.truth.nat_ip]
    assert (row["how"], row["why"]) == ("named location", "In the trusted named location 'Office'.")
    json.dumps(g.graph["hubs"])
