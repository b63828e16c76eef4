"""The directory: the accounts of the tenant and the devices they signed up."""

from __future__ import annotations

from typing import Any

from graphinvestigate.demo import draws
from graphinvestigate.demo.draws import stamp
from graphinvestigate.demo.people import Cast, Host, Person

_SYSTEMS = {"macOS": "MacMDM", "Windows10": "Windows", "Windows11": "Windows"}


def accounts(cast: Cast) -> tuple[Person, ...]:
    """Every account that has an object in this directory, in its order."""
    return (*cast.people, cast.guest, cast.service)


def owned(cast: Cast) -> tuple[tuple[Person, Host], ...]:
    """Every device that the directory knows, with its owner."""
    return tuple((p, p.laptop) for p in cast.people if p.laptop is not None and p.laptop.entra_id is not None)


def device_id(cast: Cast, person: Person) -> str:
    """The object id of a person's device, which is not its ``deviceId``."""
    return draws.guid(draws.salt(cast.seed, "device objects"), person.index)


def render_user(person: Person, cast: Cast) -> dict[str, Any]:
    """One account with all properties that ``$select`` can ask for."""
    rng = draws.numbered(draws.salt(cast.seed, "accounts"), person.index)
    guest, service = person.kind == "guest", person.kind == "service"
    given, _, family = person.display_name.partition(" ")
    created = cast.now - rng.randint(90, 2000) * draws.DAY - rng.randrange(draws.DAY)
    changed = min(created + draws.DAY, cast.now) if service else cast.now - rng.randint(2, 80) * draws.DAY
    mail = None if service else person.upn if not guest else person.account.removesuffix("#EXT#").replace("_", "@")
    synced = person.ad_guid is not None
    former = [person.former.upn] if person.former else []
    return {
        "id": person.object_id,
        "businessPhones": [],
        "displayName": person.display_name,
        "givenName": None if service else given,
        "jobTitle": f"{person.department} specialist" if person.department else None,
        "mail": mail,
        "mobilePhone": None,
        "officeLocation": person.home.city if person.kind == "member" else None,
        "preferredLanguage": None,
        "surname": None if service or guest else family,
        "userPrincipalName": person.upn,
        "accountEnabled": True,
        "companyName": cast.company if not guest else None,
        "createdDateTime": stamp(created),
        "creationType": "Invitation" if guest else None,
        "deletedDateTime": None,
        "department": person.department or None,
        "employeeId": None if guest or service else f"{10_000 + person.index}",
        "externalUserState": "Accepted" if guest else None,
        "identities": [
            {"signInType": "userPrincipalName", "issuer": cast.domain, "issuerAssignedId": person.upn},
        ],
        "lastPasswordChangeDateTime": stamp(changed),
        "mailNickname": person.account.replace("#EXT#", ""),
        "onPremisesDomainName": f"corp.{cast.domain}" if synced else None,
        "onPremisesSamAccountName": person.account[:20] if synced else None,
        "onPremisesSecurityIdentifier": f"S-1-5-21-{cast.seed + 1000}-{1100 + person.index}" if synced else None,
        "onPremisesSyncEnabled": True if synced else None,
        "otherMails": [mail] if guest and mail else [],
        "proxyAddresses": [] if mail is None else [f"SMTP:{mail}", *(f"smtp:{name}" for name in former)],
        "securityIdentifier": person.sid,
        "signInSessionsValidFromDateTime": stamp(changed),
        "usageLocation": person.home.country,
        "userType": "Guest" if guest else "Member",
    }


def render_device(person: Person, host: Host, cast: Cast) -> dict[str, Any]:
    """One device as `/devices` gives it."""
    rng = draws.numbered(draws.salt(cast.seed, "directory devices"), person.index)
    managed = host.managed
    return {
        "id": device_id(cast, person),
        "deletedDateTime": None,
        "accountEnabled": True,
        "alternativeSecurityIds": [],
        "approximateLastSignInDateTime": stamp(cast.now - rng.randrange(5 * draws.DAY)),
        "complianceExpirationDateTime": None,
        "deviceCategory": None,
        "deviceId": host.entra_id,
        "deviceMetadata": None,
        "deviceOwnership": "Company" if managed else "Personal",
        "deviceVersion": 2,
        "displayName": host.name,
        "enrollmentProfileName": None,
        "enrollmentType": "AzureDomainJoined" if managed else None,
        "isCompliant": True if managed else None,
        "isManaged": True if managed else None,
        "isManagementRestricted": None,
        "isRooted": False if host.platform == "macOS" else None,
        "managementType": "MDM" if managed else None,
        "manufacturer": "Apple" if host.platform == "macOS" else rng.choice(("Dell Inc.", "LENOVO", "HP")),
        "mdmAppId": "0000000a-0000-0000-c000-000000000000" if managed else None,
        "model": "MacBookPro18,3" if host.platform == "macOS" else "Latitude 7440",
        "onPremisesLastSyncDateTime": None,
        "onPremisesSecurityIdentifier": None,
        "onPremisesSyncEnabled": None,
        "operatingSystem": _SYSTEMS.get(host.platform, "Windows"),
        "operatingSystemVersion": "15.5" if host.platform == "macOS" else f"10.0.{host.build}.0",
        "physicalIds": [],
        "profileType": "RegisteredDevice",
        "registrationDateTime": stamp(host.first_seen),
        "systemLabels": [],
        "trustType": "AzureAd" if managed else "Workplace",
    }
