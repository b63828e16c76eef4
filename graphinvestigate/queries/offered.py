"""What a cloud does not offer at all: said before it is asked, as its answer would be a bare 404."""

from __future__ import annotations

from graphinvestigate.client import GraphClient
from graphinvestigate.errors import UsageError

# By cloud, the first path segments of what it lacks: https://learn.microsoft.com/graph/deployments
NOT_IN_CLOUD = {"china": ("security", "identityProtection")}


def why_absent(client: GraphClient, path: str) -> str:
    """Say that a client's cloud does not offer a path; empty where it does."""
    if path.split("/")[1] not in NOT_IN_CLOUD.get(client.cloud.name, ()):
        return ""
    return f"The cloud '{client.cloud.name}' does not offer {path}."


def refuse_absent(client: GraphClient, path: str) -> None:
    """Raise where a client's cloud does not offer a path.

    Raises
    ------
    UsageError
        It says what to read there instead.
    """
    if why := why_absent(client, path):
        raise UsageError(
            f"{why} Sign-ins, directory audits, users and devices can be read there (list_sign_ins, "
            "list_directory_audits, get_user, list_user_devices)."
        )
