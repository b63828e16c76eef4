"""What the state collections of a legacy alert (`userStates`, `hostStates` …) say → items of evidence."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphinvestigate.walking import Walk

PLACE, STATE = "@graphinvestigate.legacyPlace", "@graphinvestigate.legacyState"
_NAMESPACE = "#microsoft.graph.security."
_HASHES = {"md5": "md5", "sha1": "sha1", "sha256": "sha256", "authenticodeHash256": "sha256Ac"}


@dataclass(frozen=True, slots=True)
class Rule:
    """One type of evidence that an item of a state collection becomes.

    Attributes
    ----------
    type : str
    paths : dict of str to str
        Property of the state → path in the evidence. An item that has none of them becomes no evidence.
    hashes : str
        Where its `fileHash` goes.
    needs : tuple of str
        Properties of which the item must have one; empty: any of `paths`.
    role : str
        The evidence's role.
    """

    type: str
    paths: dict[str, str]
    hashes: str = ""
    needs: tuple[str, ...] = ()
    role: str = ""


STATES: dict[str, tuple[Rule, ...]] = {
    "userStates": (
        Rule(
            "userEvidence",
            {
                "aadUserId": "userAccount.azureAdUserId",
                "accountName": "userAccount.accountName",
                "domainName": "userAccount.domainName",
                "onPremisesSecurityIdentifier": "userAccount.userSid",
                "userPrincipalName": "userAccount.userPrincipalName",
            },
        ),
        Rule("ipEvidence", {"logonIp": "ipAddress"}),
    ),
    "hostStates": (
        Rule(
            "deviceEvidence",
            {
                "fqdn": "deviceDnsName",
                "netBiosName": "hostName",
                "os": "osPlatform",
                "privateIpAddress": "lastIpAddress",
                "publicIpAddress": "lastExternalIpAddress",
            },
        ),
    ),
    "fileStates": (
        Rule("fileEvidence", {"name": "fileDetails.fileName", "path": "fileDetails.filePath"}, hashes="fileDetails"),
    ),
    "processes": (
        Rule(
            "processEvidence",
            {
                "accountName": "userAccount.accountName",
                "commandLine": "processCommandLine",
                "createdDateTime": "processCreationDateTime",
                "name": "imageFile.fileName",
                "parentProcessCreatedDateTime": "parentProcessCreationDateTime",
                "parentProcessId": "parentProcessId",
                "parentProcessName": "parentProcessImageFile.fileName",
                "path": "imageFile.filePath",
                "processId": "processId",
            },
            hashes="imageFile",
        ),
    ),
    "networkConnections": (
        Rule("ipEvidence", {"sourceAddress": "ipAddress"}, role="source"),
        Rule("ipEvidence", {"destinationAddress": "ipAddress"}, role="destination"),
        Rule("dnsEvidence", {"destinationDomain": "domainName"}, role="destination"),
        Rule("urlEvidence", {"destinationUrl": "url"}, role="destination"),
    ),
    "cloudAppStates": (
        Rule("cloudApplicationEvidence", {"destinationServiceName": "displayName"}, role="destination"),
        Rule("ipEvidence", {"destinationServiceIp": "ipAddress"}, role="destination"),
    ),
    "registryKeyStates": (
        Rule("registryKeyEvidence", {"hive": "registryHive", "key": "registryKey"}),
        Rule(
            "registryValueEvidence",
            {
                "hive": "registryHive",
                "key": "registryKey",
                "valueData": "registryValue",
                "valueName": "registryValueName",
                "valueType": "registryValueType",
            },
            needs=("valueName", "valueData"),
        ),
    ),
    "malwareStates": (Rule("malwareEvidence", {"category": "category", "name": "name"}),),
    "messageSecurityStates": (
        Rule(
            "analyzedMessageEvidence",
            {
                "connectingIP": "senderIp",
                "deliveryAction": "deliveryAction",
                "deliveryLocation": "deliveryLocation",
                "directionality": "antiSpamDirection",
                "internetMessageId": "internetMessageId",
                "messageReceivedDateTime": "receivedDateTime",
                "messageSubject": "subject",
                "networkMessageId": "networkMessageId",
            },
        ),
    ),
}


def evidence_of(found: Mapping[str, str]) -> tuple[list[str], set[str]]:
    """Make evidence of the state collections of one legacy alert.

    Parameters
    ----------
    found : mapping of str to str
        The alert's properties and their JSON.

    Returns
    -------
    evidence : list of str
        JSON of each item, in the order of `STATES`.
    kept : set of str
        The collections of which every item stands in the evidence.
    """
    evidence: list[str] = []
    kept = set()
    for name, rules in STATES.items():
        states = items(found.get(name, "null"))
        made = [[*_items_of(rules, state, f"{name}[{at}]")] for at, state in enumerate(states)]
        evidence += [item for of_state in made for item in of_state]
        if made and all(made):
            kept.add(name)
    return evidence, kept


def _items_of(rules: tuple[Rule, ...], text: str, place: str) -> Iterator[str]:
    state = {name: value for name, value in members(text).items() if value not in ("null", '""')}
    for rule in rules:
        values = {target: state[name] for name, target in rule.paths.items() if name in state}
        if rule.hashes:
            values.update(_hash(members(state.get("fileHash", "null")), rule.hashes))
        if not values or (rule.needs and not any(name in state for name in rule.needs)):
            continue
        item: dict[str, Any] = {"@odata.type": json.dumps(_NAMESPACE + rule.type)}
        for path, value in values.items():
            *above, last = path.split(".")
            node = item
            for name in above:
                node = node.setdefault(name, {})
            node[last] = value
        if rule.role:
            item["roles"] = json.dumps([rule.role])
        yield write({**item, PLACE: json.dumps(place), STATE: text})


def _hash(file_hash: Mapping[str, str], above: str) -> Iterator[tuple[str, str]]:
    kind, value = file_hash.get("hashType", "null"), file_hash.get("hashValue", "null")
    names = {json.dumps(name).casefold(): target for name, target in _HASHES.items()}
    if kind.casefold() in names and value not in ("null", '""'):
        yield f"{above}.{names[kind.casefold()]}", value


def members(text: str) -> dict[str, str]:
    """Give the JSON of each member of an object; nothing for any other value."""
    walk = Walk(text.encode(), "a legacy alert")
    return {name: text[start:end] for name, start, end in walk.members(0)} if text.startswith("{") else {}


def items(text: str) -> list[str]:
    """Give the JSON of each item of an array; nothing for any other value."""
    walk = Walk(text.encode(), "a legacy alert")
    return [text[start:end] for start, end in walk.items(0)] if text.startswith("[") else []


def write(value: Mapping[str, Any] | str) -> str:
    """Write JSON of nested mappings whose leaves are JSON already."""
    if isinstance(value, str):
        return value
    return "{" + ",".join(f"{json.dumps(name)}:{write(inner)}" for name, inner in value.items()) + "}"
