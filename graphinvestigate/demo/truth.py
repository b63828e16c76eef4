"""What really happened in a demo tenant, written down before its records are rendered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class UserTruth:
    """An account of the story."""

    id: str
    user_principal_name: str
    display_name: str
    tenant_id: str


@dataclass(frozen=True, slots=True)
class RenamedTruth:
    """An account that changed its name: one object id, two user principal names."""

    id: str
    former_user_principal_name: str
    user_principal_name: str


@dataclass(frozen=True, slots=True)
class HostTruth:
    """A host of the story."""

    mde_device_id: str
    azure_ad_device_id: str | None
    device_dns_name: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the attack and the record that shows it (kinds: alert, signIn, riskDetection)."""

    name: str
    time: datetime
    record_kind: str
    record_id: str


@dataclass(frozen=True, slots=True)
class Part:
    """Somebody or something that the attack consists of.

    `kind` is user, host, ip, url, mailbox or app; `id` an object id, a Defender device id, an address, a link, an
    address of mail, an app id; `side` attacker or victim.
    """

    kind: str
    id: str
    side: str


@dataclass(frozen=True, slots=True)
class Attack:
    """The attack.

    Attributes
    ----------
    entry : str
        How it began: phish (a link in a message), spray (one password tried on many), laptop (code that a person ran).
    entry_alert_id : str
        The alert about that.
    alert_ids : tuple of str
        The attack's alerts by creation time, oldest first.
    other_incident_ids : tuple of str
        Incidents that hold a part of them, where they were torn apart; the main one is `incident_id`.
    stray_alert_ids : tuple of str
        Alerts of the main incident that do not belong to the attack.
    phish_url, phish_sender, phish_alert_id : str or None
        The link that was followed or fetched; who sent it and the alert about it, where it came by mail.
    replay_ip : str
        Where the session was replayed from; no interactive sign-in, alert or risk detection names it.
    sign_in_id : str
        The interactive sign-in through the phishing proxy; its risk detections carry it as `requestId`.
    replay_sign_in_ids : tuple of str
        Non-interactive sign-ins from `replay_ip`, oldest first.
    dumped_host : HostTruth
        Where credentials were dumped: the laptop itself, or, if `lateral_movement`, a server.
    parts : tuple of Part
        Everybody and everything the attack consists of: what an investigation should name, and nothing else.
    """

    entry: str
    entry_alert_id: str
    incident_id: str
    other_incident_ids: tuple[str, ...]
    alert_ids: tuple[str, ...]
    stray_alert_ids: tuple[str, ...]
    user: UserTruth
    laptop: HostTruth
    dumped_host: HostTruth
    lateral_movement: bool
    proxy_ip: str
    replay_ip: str
    exfiltration_ip: str
    phish_url: str
    phish_sender: str | None
    oauth_app_id: str
    oauth_app_name: str
    phish_alert_id: str | None
    credential_alert_id: str
    exfiltration_alert_id: str
    sign_in_id: str
    replay_sign_in_ids: tuple[str, ...]
    risk_detection_ids: tuple[str, ...]
    steps: tuple[Step, ...]
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Truth:
    """What a tenant holds.

    Attributes
    ----------
    attack : Attack or None
        None: nothing happened here.
    redirected : tuple of (str, str)
        Merged incidents and the incident each redirects to.
    false_positive_incident_ids, expected_activity_incident_id, noisy_incident_id
        Decoys: single high alerts that were false positives, a benign multi-stage test, many alerts on one host.
    unrelated_alert_ids : tuple of str
        Low alerts about the phished user that have nothing to do with the attack (empty without one).
    blocked_incident_id : str or None
        A single open high alert about malware that was prevented.
    """

    seed: int
    tenant_id: str
    domain: str
    attack: Attack | None
    redirected: tuple[tuple[str, str], ...]
    false_positive_incident_ids: tuple[str, ...]
    expected_activity_incident_id: str
    noisy_incident_id: str
    blocked_incident_id: str | None
    unrelated_alert_ids: tuple[str, ...]
    nat_ip: str
    renamed_user: RenamedTruth
    guest: UserTruth
    namesakes: tuple[UserTruth, UserTruth]
    service_account: UserTruth
    risk_without_alert_ids: tuple[str, ...]
    alert_without_incident_id: str
    unknown_evidence_alert_id: str
    hostile_alert_id: str
