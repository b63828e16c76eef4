"""An administrator's word on risky users: compromised, dismissed, safe."""

from __future__ import annotations

from collections.abc import Callable

from graphinvestigate.demo.answers import ApiError, bad_request
from graphinvestigate.demo.operations import Call, Operation
from graphinvestigate.demo.resources import RISKY_USERS
from graphinvestigate.demo.resources_others import RISKY_USER_HISTORY, USERS
from graphinvestigate.demo.server_store import Record, Store

RISK_WRITE = ("IdentityRiskyUser.ReadWrite.All",)
MOST_USERS = 60
_OUTCOMES = {
    "confirmCompromised": ("high", "confirmedCompromised", "adminConfirmedUserCompromised"),
    "dismiss": ("none", "dismissed", "adminDismissedAllRiskForUser"),
    "confirmSafe": ("none", "confirmedSafe", "adminConfirmedAccountSafe"),
}


class RiskWrites:
    """The decisions, each about up to sixty users at once: all of them or none."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def operations(self) -> tuple[Operation, ...]:
        """The three decisions."""
        return tuple(
            Operation(
                "POST",
                f"{RISKY_USERS.path}/{name}",
                "identityProtection",
                RISK_WRITE,
                self._decide(*outcome),
                licence="Entra ID P2",
            )
            for name, outcome in _OUTCOMES.items()
        )

    def _decide(self, level: str, state: str, detail: str) -> Callable[[Call], None]:
        def decide(call: Call) -> None:
            ids = call.body().get("userIds")
            if not isinstance(ids, list) or not ids or not all(isinstance(user_id, str) for user_id in ids):
                raise bad_request("The property 'userIds' must be a list of ids.")
            if len(ids) > MOST_USERS:
                raise bad_request(f"At most {MOST_USERS} users can be named at once.")
            users = [self._user(user_id) for user_id in dict.fromkeys(ids)]
            now = self._store.tick()
            moment = now.strftime("%Y-%m-%dT%H:%M:%SZ")
            standing = {
                "riskLevel": level,
                "riskState": state,
                "riskDetail": detail,
                "riskLastUpdatedDateTime": moment,
            }
            for user in users:
                self._store.put(RISKY_USERS.path, user | standing)
                item = {
                    **user,
                    **standing,
                    "id": f"{user['id']}{int(now.timestamp())}{self._store.edition:06d}",
                    "userId": user["id"],
                    "initiatedBy": call.caller.app_id or None,
                    "activity": {"riskEventTypes": [], "detail": detail},
                }
                self._store.add_belonging(RISKY_USER_HISTORY.path, item)

        return decide

    def _user(self, user_id: str) -> Record:
        """The risky user of that id, or one made of the account, which was not at risk so far."""
        risky = self._store.find(RISKY_USERS.path, user_id)
        if risky is not None:
            return risky
        account = self._store.find(USERS.path, user_id)
        if account is None:
            raise ApiError(404, "ResourceNotFound", f"Resource '{user_id}' does not exist.")
        return {
            "id": user_id,
            "isDeleted": False,
            "isProcessing": False,
            "userDisplayName": account["displayName"],
            "userPrincipalName": account["userPrincipalName"],
        }
