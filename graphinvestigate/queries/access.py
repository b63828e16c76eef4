"""Before the first pull: what can be read here, what is missing, and what that hides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from graphinvestigate.client import GraphClient, path_segment
from graphinvestigate.errors import (
    AuthError,
    EndpointRetiredError,
    GraphError,
    GraphInvestigateError,
    LicenceMissingError,
    PermissionMissingError,
)
from graphinvestigate.frames import records_frame
from graphinvestigate.frames.schema import RESOURCES
from graphinvestigate.queries.hunting import PATH as HUNTING_PATH, PERMISSION as HUNTING_PERMISSION
from graphinvestigate.queries.offered import why_absent
from graphinvestigate.queries.sign_ins import EVENT_TYPES
from graphinvestigate.queries.threat_intelligence import (
    HOSTS as TI_HOSTS,
    LICENCE as TI_LICENCE,
    PERMISSION as TI_PERMISSION,
)
from graphinvestigate.wanted import takes

SECURITY_ROLE = "Security Reader"
AUDIT_ROLE = "Reports Reader or Security Reader"
DIRECTORY_ROLE = "Directory Readers"

HUNTING = "run_hunting_query"
TI = "threat_intelligence"
TI_PROBE = f"{TI_HOSTS}/microsoft.com/reputation"  # a host that tells nobody what is investigated
DEVICES, DEVICES_PERMISSION = "list_user_devices", "User.Read.All"

COLUMNS = {
    "function": "str", "can_read": "str", "permission": "str", "entra_role": "str", "licence": "str",
    "cloud": "str", "hides": "str", "reason": "str",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Need:
    """What a function needs, and what stays unseen without it."""

    function: str
    resource: str
    role: str
    licence: str
    hides: str
    beta_kinds: str = ""
    """A kind of sign-ins that beta alone lists."""


NEEDS = (
    Need("list_alerts", "alerts", SECURITY_ROLE, "any Defender product", "every alert and its evidence"),
    Need("get_alert", "alerts", SECURITY_ROLE, "any Defender product", "every alert and its evidence"),
    Need("list_incidents", "incidents", SECURITY_ROLE, "Defender XDR", "how alerts belong together"),
    Need("get_incident", "incidents", SECURITY_ROLE, "Defender XDR", "how alerts belong together"),
    Need(
        "list_risk_detections", "risk_detections", SECURITY_ROLE, "Entra ID P1 or P2",
        "risky sign-ins and leaked credentials",
    ),
    Need("list_risky_users", "risky_users", SECURITY_ROLE, "Entra ID P2", "which accounts stand as risky now"),
    Need(
        "list_risky_user_history", "risky_users", SECURITY_ROLE, "Entra ID P2",
        "how a user's risk came about and who dismissed it",
    ),
    Need(
        "list_service_principal_risk_detections", "service_principal_risk_detections", SECURITY_ROLE,
        "Workload ID Premium", "risky events of applications",
    ),
    Need(
        "list_risky_service_principals", "risky_service_principals", SECURITY_ROLE, "Workload ID Premium",
        "which applications stand as risky now",
    ),
    Need("list_sign_ins", "sign_ins", AUDIT_ROLE, "Entra ID P1 or P2", "who signed in, and from where"),
    Need(
        'list_sign_ins(event_types="nonInteractive")', "sign_ins", AUDIT_ROLE, "Entra ID P1 or P2",
        "replayed sessions and stolen tokens", beta_kinds=EVENT_TYPES["nonInteractive"],
    ),
    Need(
        "list_directory_audits", "directory_audits", AUDIT_ROLE, "", "changes of accounts, consents and roles",
    ),
    Need("list_secure_scores", "secure_scores", SECURITY_ROLE, "", "the tenant's score over time"),
    Need(
        "list_secure_score_control_profiles", "secure_score_control_profiles", SECURITY_ROLE, "",
        "which protections are not in place",
    ),
    Need(
        "list_named_locations", "named_locations", SECURITY_ROLE, "",
        "which addresses are the organisation's own, so that everybody shares them",
    ),
    Need(HUNTING, HUNTING, SECURITY_ROLE, "Defender XDR", "device, mail and sign-in events behind alerts"),
    Need(
        "get_host_reputation", TI, SECURITY_ROLE, TI_LICENCE, "whether hosts and addresses are known to be malicious",
    ),
    Need("list_passive_dns", TI, SECURITY_ROLE, TI_LICENCE, "what a host or an address resolved to over time"),
    Need("get_user", "users", DIRECTORY_ROLE, "", "who an account is, and its other names"),
    Need(DEVICES, "devices", DIRECTORY_ROLE, "", "which devices belong to a user"),
)  # fmt: skip

Answer = Literal["yes", "no", "unknown"]


@takes
def check_access(client: GraphClient) -> pd.DataFrame:
    """What can be read here, what is missing for the rest, and what stays unseen without it.

    One record is asked for per resource; nothing is raised and nothing is kept. A person who signed in is asked to
    allow nothing: it is tried with what was allowed.

    Parameters
    ----------
    client : GraphClient
        From `connect`, `connect_demo` or `connect_emulator`.

    Returns
    -------
    DataFrame
        One row is one function: `can_read` ("yes", "no", or "unknown" where the answer says neither), the least
        `permission` to ask for, the least `entra_role` of a signed-in user (an app needs none), the `licence` of
        the tenant, the `cloud`, what it `hides` where it can't be read, and the `reason` as Graph gave it.

    Notes
    -----
    An app that may read a resource may still see a part of it only: Defender's own roles can hide data from users.

    See Also
    --------
    https://learn.microsoft.com/graph/permissions-reference
    """
    answers: dict[tuple[str, str], tuple[Answer, str]] = {}
    rows = []
    for need in NEEDS:
        key = (need.resource, need.beta_kinds)
        if key not in answers:
            answers[key] = _try(client, need)
        can_read, reason = answers[key]
        rows.append(
            {
                "function": need.function, "can_read": can_read, "permission": permission_of(need),
                "entra_role": need.role, "licence": need.licence, "cloud": client.cloud.name,
                "hides": "" if can_read == "yes" else need.hides, "reason": reason,
            }
        )  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)


def permission_of(need: Need) -> str:
    """Give the least permission that a function needs."""
    own = {HUNTING: HUNTING_PERMISSION, TI: TI_PERMISSION, "devices": DEVICES_PERMISSION}
    return own.get(need.resource) or RESOURCES[need.resource].permission


def _path(need: Need) -> str:
    return {HUNTING: HUNTING_PATH, TI: TI_PROBE}.get(need.resource) or RESOURCES[need.resource].path


def _try(client: GraphClient, need: Need) -> tuple[Answer, str]:
    """Ask for one record; say whether that may be read, and why not."""
    path, permission = _path(need), permission_of(need)
    if absent := why_absent(client, path):
        return "no", absent
    params: dict[str, str | int | bool] = {"$top": 1}
    if need.beta_kinds:
        params["$filter"] = f"signInEventTypes/any(t: t eq '{need.beta_kinds}')"
    version = "beta" if need.beta_kinds else "v1.0"
    try:
        if need.function == DEVICES:
            return _try_devices(client)
        if need.function == HUNTING:
            client.post(path, {"Query": "AlertInfo | take 1"}, permission=permission, retry=True, granted_only=True)
        elif need.resource == TI:
            client.record(path, permission=permission, granted_only=True)
        else:
            client.page(path, params=params, version=version, permission=permission, granted_only=True)
    except (PermissionMissingError, LicenceMissingError, EndpointRetiredError, AuthError) as error:
        return "no", str(error)
    except GraphError as error:
        gone = error.status in (404, 410)
        return "no" if gone else "unknown", str(error)
    except GraphInvestigateError as error:
        return "unknown", str(error)
    return "yes", ""


def _try_devices(client: GraphClient) -> tuple[Answer, str]:
    """Devices are asked for by user, so some user is needed."""
    page = client.page("/users", params={"$top": 1, "$select": "id"}, permission=DEVICES_PERMISSION, granted_only=True)
    users = records_frame(RESOURCES["users"], [page], pull_id="")["id"].dropna()
    if users.empty:
        return "unknown", "There is no user to try it with."
    path = f"/users/{path_segment(users.iloc[0])}/registeredDevices"
    client.page(path, params={"$top": 1}, permission=DEVICES_PERMISSION, granted_only=True)
    return "yes", ""
