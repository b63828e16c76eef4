"""The credential of an emulator: an unsigned token that says who it pretends to be."""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Sequence

from graphinvestigate.client.secret import Secret
from graphinvestigate.errors import UsageError

# What an administrator could grant for the security data that this package reads and writes.
ALL_PERMISSIONS = (
    "AuditLog.Read.All",
    "Device.Read.All",
    "Directory.Read.All",
    "IdentityRiskEvent.Read.All",
    "IdentityRiskEvent.ReadWrite.All",
    "IdentityRiskyServicePrincipal.Read.All",
    "IdentityRiskyServicePrincipal.ReadWrite.All",
    "IdentityRiskyUser.Read.All",
    "IdentityRiskyUser.ReadWrite.All",
    "Policy.Read.All",
    "SecurityAlert.Read.All",
    "SecurityAlert.ReadWrite.All",
    "SecurityEvents.Read.All",
    "SecurityIncident.Read.All",
    "SecurityIncident.ReadWrite.All",
    "ThreatHunting.Read.All",
    "ThreatIntelligence.Read.All",
    "User.Read.All",
    "User.RevokeSessions.All",
)
EMULATED_TENANT = "00000000-0000-0000-0000-000000000000"
_NEVER = 4_102_444_800  # 2100-01-01: emulators live in a time of their own


class EmulatorCredential:
    """Makes tokens that only an emulator takes. It is refused wherever a real tenant could be asked.

    Parameters
    ----------
    tenant_id : str
        The tenant that the token names.
    permissions : sequence of str or None
        The application permissions in it, such as ``["SecurityAlert.Read.All"]``; None: all.
    """

    def __init__(self, tenant_id: str = EMULATED_TENANT, permissions: Sequence[str] | None = None) -> None:
        if isinstance(permissions, str):
            raise UsageError(f"permissions= is a list of names: write [{permissions!r}].")
        self.tenant_id = tenant_id
        self.permissions = ALL_PERMISSIONS if permissions is None else tuple(permissions)
        self._numbers = itertools.count(1)
        self._number = next(self._numbers)

    def token(
        self,
        *,
        claims: str | None = None,
        renew: bool = False,
        permissions: Sequence[str] = (),  # noqa: ARG002 (an app has what it was granted)
    ) -> Secret[str]:
        """Make the token; a renewed one differs from the last.

        Parameters
        ----------
        claims : str or None
            What a claims challenge asked for; an emulator needs only a new token.
        renew : bool
            Make a new one.
        permissions : sequence of str
            What the request needs; an app has what it was granted, so it changes nothing.

        Returns
        -------
        Secret
        """
        if renew or claims is not None:
            self._number = next(self._numbers)
        payload: dict[str, object] = {
            "aud": "https://graph.microsoft.com",
            "exp": _NEVER,
            "roles": list(self.permissions),
            "tid": self.tenant_id,
            "uti": f"emulated-{self._number}",
        }
        return Secret(f"{_part({'alg': 'none', 'typ': 'JWT'})}.{_part(payload)}.")

    def __repr__(self) -> str:
        shown = None if self.permissions == ALL_PERMISSIONS else list(self.permissions)
        return f"EmulatorCredential(tenant_id={self.tenant_id!r}, permissions={shown})"


def _part(claims: dict[str, object]) -> str:
    text = json.dumps(claims, sort_keys=True, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode("ascii")
