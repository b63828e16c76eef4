"""What audits, apps, directory objects, mail and web evidence state."""

from __future__ import annotations

from typing import Any

import networkx as nx
import pytest

from graphinvestigate.errors import UsageError
from graphinvestigate.frames import read_records
from graphinvestigate.linking import Entity, Record, entity_graph, why
from graphinvestigate.linking.mentions_evidence import EVIDENCE
from graphinvestigate.linking.record_kinds import KINDS
from graphinvestigate.linking.sentences import _RECORD_SAYS, _TIE_SAYS
from tests.linking.conftest import ALICE, BOB, ENTRA_DEVICE, Json, alert, alerts_frame, device, item, sign_in
from tests.linking.test_hard_cases import SID, entra_sid, named, of_kind

PRINCIPAL, APP, GROUP = "99b8d28b-11ae-4e84-9bef-0e767e286a01", "0a1b38ac-a572-491d-a9db-b07197643457", "ef7e-g1"
TARGET = "#microsoft.graph.TargetResource"
ROLE = "62e90394-69f5-4237-9190-012177145e10"


def audit(audit_id: str = "au-1", **properties: Any) -> Json:
    """Alice consents to an app."""
    return {
        "id": audit_id,
        "activityDateTime": "2026-02-03T08:40:00Z",
        "activityDisplayName": "Consent to application",
        "category": "ApplicationManagement",
        "result": "success",
        "loggedByService": "Core Directory",
        "initiatedBy": {
            "user": {"id": ALICE, "userPrincipalName": "alice@contoso.com", "ipAddress": "198.51.100.23"},
            "app": None,
        },
        "targetResources": [{"id": PRINCIPAL, "displayName": "Mail Sync", "type": "ServicePrincipal"}],
        **properties,
    }


def audits(*records: Json) -> nx.MultiDiGraph:
    """A graph of audits."""
    return entity_graph(directory_audits=read_records("directory_audits", list(records)))


def test_an_audit_ties_who_did_it_to_what_was_changed() -> None:
    """Initiator, address and target hang on the audit, and the initiator on the target, with the activity as reason."""
    g = audits(audit())
    record, user = Record("directory_audit", "au-1"), Entity("user", ALICE)
    principal = Entity("service_principal", PRINCIPAL)
    assert {(v, k) for _, v, k in g.out_edges(record, keys=True)} == {
        (user, "initiated_by"), (Entity("ip", "198.51.100.23"), "initiated_from"), (principal, "targets")
    }  # fmt: skip
    assert g.has_edge(user, principal, "acted_on")
    assert g.nodes[record]["label"] == "Consent to application"
    (row,) = why(g, user, principal).itertuples()
    assert row.sentence == (
        "alice@contoso.com changed service principal Mail Sync (2026-02-03 08:40 UTC), says directory audit "
        '"Consent to application" (success, 2026-02-03 08:40 UTC).'
    )
    assert (row.field, row.value) == ("targetResources[0].id", PRINCIPAL)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ({"type": "User", "id": BOB, "userPrincipalName": "bob@contoso.com"}, Entity("user", BOB)),
        ({"type": "Device", "id": "D-1", "displayName": "LAPTOP-7"}, Entity("host", "d-1")),
        ({"type": "Application", "id": "O-1"}, Entity("app", "o-1")),
        ({"type": "servicePrincipal", "id": PRINCIPAL}, Entity("service_principal", PRINCIPAL)),
        ({"Type": "Group", "id": GROUP}, Entity("security_group", f"group_object_id={GROUP}")),
        ({"type": "Role", "id": ROLE}, Entity("directory_role", f"role_id={ROLE}")),
        ({"type": "Policy", "id": "p-1"}, Entity("policy", "policy_id=p-1")),
        ({"type": "Other", "id": "x-1"}, Entity("directory_object", "directory_object_id=x-1")),
        ({"id": "x-1"}, Entity("directory_object", "directory_object_id=x-1")),
        ({"@odata.type": f"{TARGET}Group", "id": GROUP}, Entity("security_group", f"group_object_id={GROUP}")),
        ({"@odata.type": f"{TARGET}User", "id": BOB}, Entity("user", BOB)),
    ],
)  # fmt: skip
def test_a_target_is_what_its_type_says(target: Json, expected: Entity) -> None:
    """A target's type, in any of its documented spellings, decides the kind of entity; an unknown one is kept."""
    g = audits(audit(targetResources=[target, None, {"type": "User", "id": ""}]))
    assert [v for _, v, k in g.out_edges(Record("directory_audit", "au-1"), keys=True) if k == "targets"] == [expected]


def test_an_app_that_changes_something_is_an_initiator() -> None:
    """An audit by an app names its service principal and its application, and the two belong together."""
    by_app = {"user": None, "app": {"appId": APP, "servicePrincipalId": PRINCIPAL, "displayName": "Mail Sync"}}
    g = audits(audit(initiatedBy=by_app, targetResources=[{"type": "User", "id": BOB}]))
    assert g.has_edge(Entity("service_principal", PRINCIPAL), Entity("user", BOB), "acted_on")
    assert g.has_edge(Entity("service_principal", PRINCIPAL), Entity("app", APP), "instance_of")


def test_the_risk_of_an_app_reaches_its_sign_ins() -> None:
    """Risk of a service principal, its standing and its sign-ins meet in the principal and its application."""
    detection = {
        "id": "sp-rd",
        "riskEventType": "suspiciousSignins",
        "riskLevel": "high",
        "riskState": "atRisk",
        "activityDateTime": "2026-02-03T08:00:00Z",
        "servicePrincipalId": PRINCIPAL,
        "servicePrincipalDisplayName": "Mail Sync",
        "appId": APP,
        "ipAddress": "198.51.100.23",
        "requestId": "si-1",
    }
    risky = {"id": PRINCIPAL, "appId": APP, "displayName": "Mail Sync", "riskLevel": "high", "riskState": "atRisk"}
    by_app = sign_in(
        "si-1", userId="", userPrincipalName="", servicePrincipalId=PRINCIPAL, appId=APP, deviceDetail=None
    )
    g = entity_graph(
        service_principal_risk_detections=read_records("service_principal_risk_detections", [detection]),
        risky_service_principals=read_records("risky_service_principals", [risky]),
        sign_ins=read_records("sign_ins", [by_app]),
    )
    principal, app = Entity("service_principal", PRINCIPAL), Entity("app", APP)
    assert {u.kind for u in g.predecessors(principal)} == {
        "service_principal_risk_detection", "risky_service_principal", "sign_in"
    }  # fmt: skip
    assert g.edges[principal, app, "instance_of"]["count"] == 3
    assert g.has_edge(Record("service_principal_risk_detection", "sp-rd"), Record("sign_in", "si-1"))
    assert g.has_edge(principal, Entity("ip", "198.51.100.23"), "active_from")
    assert of_kind(g, "user") == []


def test_a_directory_entry_tells_who_a_sid_is() -> None:
    """A user's directory entry joins his object id with his on-premises SID and account, and names his mailboxes."""
    entry = {
        "id": ALICE,
        "userPrincipalName": "alice@contoso.com",
        "securityIdentifier": entra_sid(ALICE),
        "onPremisesSecurityIdentifier": SID,
        "onPremisesSamAccountName": "alice",
        "onPremisesDomainName": "contoso.com",
        "mail": "Alice@contoso.com",
        "proxyAddresses": ["SMTP:alice@contoso.com", "smtp:a.adams@contoso.com", "x500:/o=X", "sip:alice@contoso.com"],
    }
    machine = {"id": "D-1", "deviceId": ENTRA_DEVICE.upper(), "displayName": "LAPTOP-7"}
    g = entity_graph(
        alerts=alerts_frame(alert("a1", named(userSid=SID), device())),
        directory_audits=read_records("directory_audits", [audit(targetResources=[{"type": "Device", "id": "d-1"}])]),
        records=[read_records("users", [entry]), read_records("devices", [machine])],
    )
    user = Entity("user", ALICE)
    assert f"sid={SID}" in g.nodes[user]["identifiers"]
    assert g.has_edge(Record("alert", "a1"), user, "has_evidence")
    assert of_kind(g, "mailbox") == ["a.adams@contoso.com", "alice@contoso.com"]
    assert all(g.has_edge(user, Entity("mailbox", key), "uses_mailbox") for key in of_kind(g, "mailbox"))
    assert len(of_kind(g, "host")) == 1
    assert g.nodes[user]["first_seen"].startswith("2026-02-03")


def test_a_url_is_tied_to_its_own_host() -> None:
    """Each URL of a mail points to the domain or address in it, and to none of the others'."""
    urls = ["https://login.evil.test/x?a=1", "HTTP://203.0.113.50:8080/b", "https://Fine.test:443/"]
    mail = item("analyzedMessageEvidence", networkMessageId="n1", urls=urls, recipientEmailAddress="alice@contoso.com")
    g = entity_graph(alerts=alerts_frame(alert("a1", mail, item("urlEvidence", url="https://login.evil.test/x?a=1"))))
    tied = {(u.key, v) for u, v, k in g.edges(keys=True) if k == "hosted_at"}
    assert tied == {
        ("https://login.evil.test/x?a=1", Entity("domain", "login.evil.test")),
        ("http://203.0.113.50:8080/b", Entity("ip", "203.0.113.50")),
        ("https://fine.test/", Entity("domain", "fine.test")),
    }
    assert g.has_edge(Entity("mail_message", "n1"), Entity("url", "https://fine.test/"), "links_to")
    assert g.has_edge(Entity("mail_message", "n1"), Entity("mailbox", "alice@contoso.com"), "sent_to")


def test_frames_of_records_say_their_kind() -> None:
    """A mixed list of frames is sorted out by `record_kind`; what says none, or an unknown one, is refused."""
    frame = read_records("directory_audits", [audit()])
    assert nx.utils.graphs_equal(entity_graph(records=[frame]), entity_graph(directory_audits=frame))
    with pytest.raises(UsageError, match="record_kind"):
        entity_graph(records=[frame.drop(columns="record_kind")])
    with pytest.raises(UsageError, match="secure_score"):
        entity_graph(records=[read_records("secure_scores", [{"id": "s"}])])


def test_relations_have_sentences() -> None:
    """Every relation that a table declares has a sentence of its own."""
    tables = [*EVIDENCE.values(), *(kind.table for kind in KINDS.values())]
    ties = {tie.relation for table in tables for tie in table.ties}
    named_by = {slot.relation for table in tables for slot in table.slots} - {"has_evidence"}
    assert ties - set(_TIE_SAYS) == set()
    assert named_by - set(_RECORD_SAYS) == set()
