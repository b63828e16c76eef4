"""Named locations: the office, which everybody signs in from, a test network, and the countries that are let in."""

from __future__ import annotations

from typing import Any

from graphinvestigate.demo import draws
from graphinvestigate.demo.draws import stamp
from graphinvestigate.demo.people import Cast

NUMBER = 3
_TYPE = "#microsoft.graph."


def location_id(number: int, cast: Cast) -> str:
    """The id of one named location."""
    return draws.guid(draws.salt(cast.seed, "named locations"), number)


def render_location(number: int, cast: Cast) -> dict[str, Any]:
    """One named location as `/identity/conditionalAccess/namedLocations` gives it."""
    created = cast.now - (400 - 30 * number) * draws.DAY
    common = {
        "id": location_id(number, cast),
        "displayName": ("Office", "Test network", "Where we work")[number],
        "createdDateTime": stamp(created),
        "modifiedDateTime": stamp(created + number * draws.DAY),
    }
    if number == 2:
        countries = sorted({cast.nat.country, *(person.home.country for person in cast.people)})
        return {
            "@odata.type": f"{_TYPE}countryNamedLocation",
            **common,
            "countriesAndRegions": countries,
            "includeUnknownCountriesAndRegions": False,
            "countryLookupMethod": "clientIpAddress",
        }
    if number == 0:
        ranges = [_range("iPv4CidrRange", f"{cast.nat.ip}/32"), _range("iPv6CidrRange", "2001:db8:aaaa::1/128")]
    else:
        ranges = [_range("iPv4CidrRange", f"{cast.spare[-1]}/32")]
    return {"@odata.type": f"{_TYPE}ipNamedLocation", **common, "isTrusted": number == 0, "ipRanges": ranges}


def _range(kind: str, cidr: str) -> dict[str, str]:
    return {"@odata.type": f"{_TYPE}{kind}", "cidrAddress": cidr}
