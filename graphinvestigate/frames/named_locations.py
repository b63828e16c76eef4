"""The columns of named locations: both of their types in one table.

The metadata that ``schema.json`` is written from does not hold them; these follow the documentation of the resources
`namedLocation`, `ipNamedLocation` and `countryNamedLocation`
(https://learn.microsoft.com/graph/api/resources/namedlocation).
"""

from __future__ import annotations

from graphinvestigate.frames.tables import Column

NAMED_LOCATION_COLUMNS = (
    Column("id", ("id",), "string", "Edm.String"),
    Column("created_date_time", ("createdDateTime",), "time", "Edm.DateTimeOffset"),
    Column("modified_date_time", ("modifiedDateTime",), "time", "Edm.DateTimeOffset"),
    Column("display_name", ("displayName",), "string", "Edm.String"),
    # ipNamedLocation
    Column("is_trusted", ("isTrusted",), "bool", "Edm.Boolean"),
    Column("ip_ranges", ("ipRanges",), "json", "ipRange"),
    # countryNamedLocation
    Column("countries_and_regions", ("countriesAndRegions",), "strings", "Edm.String"),
    Column(
        "country_lookup_method",
        ("countryLookupMethod",),
        "string",
        "countryLookupMethodType",
        enum=("clientIpAddress", "authenticatorAppGps", "unknownFutureValue"),
    ),
    Column("include_unknown_countries_and_regions", ("includeUnknownCountriesAndRegions",), "bool", "Edm.Boolean"),
)
