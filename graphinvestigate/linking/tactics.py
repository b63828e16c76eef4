"""ATT&CK's tactics, in ATT&CK's order. A category that is none of them (Malware, UnwantedSoftware …) has none."""

from __future__ import annotations

import re

# Version 19 split defense evasion into stealth and defense impairment; alerts still spell all three.
TACTICS = (
    *("Reconnaissance", "Resource development", "Initial access", "Execution", "Persistence", "Privilege escalation"),
    *("Defense evasion", "Stealth", "Defense impairment", "Credential access", "Discovery", "Lateral movement"),
    *("Collection", "Command and control", "Exfiltration", "Impact"),
)
_BY_CATEGORY = {tactic.replace(" ", "").casefold(): tactic for tactic in TACTICS}
_PLACE = {tactic: place for place, tactic in enumerate(TACTICS)}


def tactic_of(category: object) -> str | None:
    """The tactic that an alert's category spells ("CredentialAccess", "credential access"); None for any other."""
    return _BY_CATEGORY.get(re.sub("[^a-z]", "", category.casefold())) if isinstance(category, str) else None


def tactic_place(category: object) -> int | None:
    """Where a category's tactic stands in ATT&CK's order, from 0; None for any other category."""
    tactic = tactic_of(category)
    return None if tactic is None else _PLACE[tactic]
