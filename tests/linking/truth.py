"""Tenants whose truth is drawn first and whose records are rendered from it, to be held against the resolver.

Shares nothing with the resolver: who is who is known because it was drawn, never because it was worked out. Everything
that makes identity hard happens here: renamed and re-created accounts, guests, people of one name, accounts known by
one id only, short names in two domains, re-imaged devices, local accounts, addresses spelled in several ways, two
tenants that use the same private names.
"""

from __future__ import annotations

import random
import struct
import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import networkx as nx

from graphinvestigate.frames import read_records
from graphinvestigate.linking import Entity, entity_graph

Json = dict[str, Any]
TrueId = tuple[str, str]
Being = tuple[str, int]
"""Kind and number of somebody or something that really is one."""
STRONG = frozenset({"object_id", "sid", "ad_guid", "mde", "device_id"})
"""Of which nobody has two."""
TIMES = ("2026-02-03T10:14:30Z", "2026-02-05T08:00:00.5Z", "2026-02-09T23:59:59.1234567Z")


@dataclass
class Mentioned:
    """One place of one record: where it stands, who is really meant, by which of the true identifiers."""

    record: tuple[str, str]
    place: str
    being: Being
    ids: frozenset[TrueId]


@dataclass
class TrueTenant:
    """Frames, and what is true of every place in them."""

    frames: dict[str, list[Json]] = field(default_factory=lambda: defaultdict(list))
    mentioned: list[Mentioned] = field(default_factory=list)

    def graph(self, **more: Any) -> nx.MultiDiGraph:
        """The entity graph of its records."""
        frames = {name: read_records(name, rows) for name, rows in self.frames.items()}
        users = [frames.pop("users")] if "users" in frames else []
        return entity_graph(**frames, records=users, **more)


class Draw:
    """Draws one tenant."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.made = TrueTenant()
        self.tenants = [self.guid() for _ in range(1 if self.rng.random() < 0.8 else 2)]
        self.number = 0

    def guid(self) -> str:
        return str(uuid.UUID(int=self.rng.getrandbits(128), version=4))

    def hex(self, length: int) -> str:
        return f"{self.rng.getrandbits(length * 4):0{length}x}"

    def cased(self, text: str) -> str:
        return self.rng.choice([text, text, text.upper(), text.title()])

    def some(self, ids: Json, *, least: int = 1) -> Json:
        """Some of the properties, at least so many of those that say something."""
        names = [name for name, value in ids.items() if value is not None]
        kept = self.rng.sample(names, self.rng.randint(min(least, len(names)), len(names)))
        return {name: ids[name] if name in kept else self.rng.choice([None, ""]) for name in ids}

    def domains(self, tenant: str) -> list[str]:
        """The tenant's own domains; the first part of their names is no secret of theirs."""
        return [f"corp.{tenant[:4]}.test", f"dmz.{tenant[:4]}.test"][: 1 + int(tenant[-1] in "01234567")]

    # Who there is

    def people(self) -> list[Json]:
        rng, people = self.rng, []
        for tenant in self.tenants:
            domains = self.domains(tenant)
            authority = "-".join(str(rng.getrandbits(30)) for _ in range(3))
            for place in range(rng.randint(5, 10)):
                name, domain = f"{rng.choice(['alex', 'kim', 'sam', 'lee'])}{place}", rng.choice(domains)
                synced, guest = rng.random() < 0.6, rng.random() < 0.12
                home = f"{name}@partner.test"
                upns = [home if guest else f"{name}@{domain}"]
                if not guest and rng.random() < 0.15:
                    upns.append(f"{name}.new@{domain}")
                netbios = domain.partition(".")[0].upper()
                account = (name, netbios) if synced and not guest else None
                people.append({
                    "tenant": tenant, "object_id": self.guid(), "upns": upns, "guest": guest,
                    "sid": f"S-1-5-21-{authority}-{1100 + place}" if synced and not guest else None,
                    "ad_guid": self.guid() if synced and not guest else None, "account": account,
                    "display": rng.choice(["Alex Smith", "Kim Lee", name.title()]),
                })  # fmt: skip
                if rng.random() < 0.08:  # deleted, and made again under the same names
                    again = {**people[-1], "object_id": self.guid()}
                    people.append(
                        {
                            **again,
                            "sid": again["sid"] and again["sid"] + "9",
                            "ad_guid": again["ad_guid"] and self.guid(),
                        }
                    )
        return people

    def hosts(self) -> list[Json]:
        rng, hosts = self.rng, []
        for tenant in self.tenants:
            domains = [*self.domains(tenant), "corp.local"][: rng.randint(1, 3)]  # a private domain is many companies'
            for place in range(rng.randint(4, 8)):
                name = rng.choice([f"pc{place}", f"pc{place}", "srv1"])
                domain = rng.choice(domains)
                hosts.append({
                    "tenant": tenant, "name": name, "domain": domain, "mde": self.hex(40),
                    "device_id": self.guid() if rng.random() < 0.7 else None,
                })  # fmt: skip
                if rng.random() < 0.1:  # set up anew under the same name
                    hosts.append(
                        {**hosts[-1], "mde": self.hex(40), "device_id": hosts[-1]["device_id"] and self.guid()}
                    )
        return hosts

    # What names them

    def named(self, record: tuple[str, str], place: str, being: Being, ids: list[TrueId | None]) -> None:
        kept = frozenset(i for i in ids if i is not None)
        if kept:
            self.made.mentioned.append(Mentioned(record, place, being, kept))

    def upn(self, person: Json) -> str:
        upn = self.rng.choice(person["upns"])
        if person["guest"] and self.rng.random() < 0.5:
            upn = f"{upn.replace('@', '_')}#EXT#@home.onmicrosoft.com"
        return self.cased(upn)

    def true_upn(self, text: str | None) -> TrueId | None:
        if not text:
            return None
        folded = text.casefold()
        if "#ext#" in folded:
            folded = folded.partition("#ext#")[0].replace("_partner.test", "@partner.test")
        return "upn", folded

    def account(self, number: int, person: Json) -> tuple[Json, list[TrueId | None]]:
        """Some of a userAccount, and what it truly says."""
        sid = person["sid"]
        if self.rng.random() < 0.3:
            words = struct.unpack("<4I", uuid.UUID(person["object_id"]).bytes_le)
            sid = "S-1-12-1-" + "-".join(map(str, words))
        account = person["account"] or (None, None)
        said = self.some({
            "azureAdUserId": self.cased(person["object_id"]), "userSid": sid, "userPrincipalName": self.upn(person),
            "activeDirectoryObjectGuid": person["ad_guid"], "accountName": account[0] and self.cased(account[0]),
        })  # fmt: skip
        said |= {"domainName": account[1] if said["accountName"] else None, "displayName": person["display"]}
        entra_sid = bool(said["userSid"]) and said["userSid"].startswith("S-1-12-1-")
        return said, [
            ("object_id", person["object_id"]) if said["azureAdUserId"] or entra_sid else None,
            ("sid", sid) if said["userSid"] and not entra_sid else None,
            ("ad_guid", person["ad_guid"]) if said["activeDirectoryObjectGuid"] else None,
            self.true_upn(said["userPrincipalName"]),
            ("account", "{}/{}\\{}".format(person["tenant"], account[1], account[0])) if said["accountName"] else None,
        ]

    def device(self, host: Json) -> tuple[Json, list[TrueId | None]]:
        """Some of a deviceEvidence, and what it truly says."""
        full, netbios = f"{host['name']}.{host['domain']}", host["domain"].partition(".")[0]
        said = self.some({
            "mdeDeviceId": self.cased(host["mde"]) if self.rng.random() < 0.7 else None,
            "azureAdDeviceId": host["device_id"], "deviceDnsName": self.rng.choice([full, full.upper(), full + "."]),
            "hostName": self.cased(host["name"]), "ntDomain": netbios, "dnsDomain": host["domain"],
        })  # fmt: skip
        tenant = host["tenant"]
        short = bool(said["hostName"] or said["deviceDnsName"])
        return said, [
            ("mde", host["mde"]) if said["mdeDeviceId"] else None,
            ("device_id", host["device_id"]) if said["azureAdDeviceId"] else None,
            ("fqdn", full if not full.endswith(".local") else f"{tenant}/{full}")
            if said["deviceDnsName"] or (said["hostName"] and said["dnsDomain"])
            else None,
            ("nt_name", f"{tenant}/{netbios}\\{host['name']}") if said["hostName"] and said["ntDomain"] else None,
            ("short", f"{tenant}/{host['name']}") if short else None,
        ]

    def address(self) -> tuple[int, str]:
        number = self.rng.randint(1, 6)
        plain = f"203.0.113.{number}"
        return number, self.rng.choice([plain, plain, f"::ffff:{plain}", f"::FFFF:{plain}"])

    def records(self, people: list[Json], hosts: list[Json]) -> None:
        rng, made = self.rng, self.made
        for _ in range(rng.randint(35, 70)):
            self.number += 1
            record_id = f"r{self.number}"
            who = rng.randrange(len(people))
            person = people[who]
            choices = [n for n, host in enumerate(hosts) if host["tenant"] == person["tenant"]]
            which = rng.choice(choices)
            host = hosts[which]
            ip, spelled = self.address()
            when = rng.choice(TIMES)
            kind = rng.choice(
                ["alert", "alert", "alert", "sign_in", "risk_detection", "directory_user", "directory_audit"]
            )
            record = (kind, record_id)
            if kind == "alert":
                self.alert(record, who, person, which, host, when)
            elif kind in ("sign_in", "risk_detection"):
                upn = self.upn(person) if rng.random() < 0.8 else None
                user = self.some({"userId": person["object_id"], "userPrincipalName": upn})
                row: Json = {"id": record_id, "ipAddress": spelled, "createdDateTime": when, **user}
                known = ("object_id", person["object_id"]) if user["userId"] else None
                true_ids = [known, self.true_upn(user["userPrincipalName"])]
                self.named(record, "userId|userPrincipalName", ("user", who), true_ids)
                if kind == "sign_in" and host["device_id"] and rng.random() < 0.6:
                    row |= {"deviceDetail": {"deviceId": host["device_id"], "displayName": host["name"].upper()}}
                    self.named(record, "deviceDetail", ("host", which), [("device_id", host["device_id"])])
                row |= {"resourceTenantId": person["tenant"]} if kind == "sign_in" else {"activityDateTime": when}
                self.named(record, "ipAddress", ("ip", ip), [("ip", str(ip))])
                made.frames["sign_ins" if kind == "sign_in" else "risk_detections"].append(row)
            elif kind == "directory_user":
                row = {
                    "id": person["object_id"],
                    "userPrincipalName": person["upns"][-1],
                    "onPremisesSecurityIdentifier": person["sid"],
                }
                made.frames["users"].append(row)
                self.named((kind, person["object_id"]), "id", ("user", who), [
                    ("object_id", person["object_id"]), ("sid", person["sid"]) if person["sid"] else None,
                    self.true_upn(person["upns"][-1])
                ])  # fmt: skip
            elif kind == "directory_audit":
                target = {"type": "User", "id": person["object_id"], "userPrincipalName": self.upn(person)}
                made.frames["directory_audits"].append(
                    {"id": record_id, "activityDateTime": when, "targetResources": [target]}
                )
                self.named(record, "targetResources", ("user", who), [
                    ("object_id", person["object_id"]), self.true_upn(target["userPrincipalName"])
                ])  # fmt: skip
        self.made.frames = dict(made.frames)

    def alert(self, record: tuple[str, str], who: int, person: Json, which: int, host: Json, when: str) -> None:
        rng = self.rng
        items: list[Json] = []

        def item(evidence_type: str, properties: Json) -> str:
            items.append({"@odata.type": f"#microsoft.graph.security.{evidence_type}", **properties})
            return f"evidence[{len(items) - 1}]"

        account, ids = self.account(who, person)
        shape = rng.choice(["userEvidence", "mailboxEvidence", "processEvidence"])
        more: Json = {"mdeDeviceId": host["mde"]} if shape == "processEvidence" else {}
        place = item(shape, {"userAccount": account, **more})
        self.named(record, f"{place}.userAccount", ("user", who), ids)
        if more:
            self.named(record, f"{place}.mdeDeviceId", ("host", which), [("mde", host["mde"])])
        said, ids = self.device(host)
        logged_on, others = [], []
        if person["account"] and rng.random() < 0.4:
            logged_on.append({"accountName": person["account"][0], "domainName": person["account"][1]})
            true = "{}/{}\\{}".format(person["tenant"], person["account"][1], person["account"][0])
            others.append((len(logged_on) - 1, ("user", who), [("account", true)]))
        if said["mdeDeviceId"] and rng.random() < 0.3:
            domain = rng.choice([".", "WORKGROUP", "AzureAD", host["name"].upper() if said["hostName"] else "."])
            logged_on.append({"accountName": "Admin", "domainName": domain})
            others.append((len(logged_on) - 1, ("user", -1 - which), [("local", f"{host['mde']}/admin")]))
        place = item("deviceEvidence", {**said, "loggedOnUsers": logged_on})
        self.named(record, f"{place}.device", ("host", which), ids)
        for at, being, true_ids in others:
            self.named(record, f"{place}.loggedOnUsers[{at}]", being, true_ids)
        system = {"accountName": "SYSTEM", "domainName": "NT AUTHORITY", "userSid": "S-1-5-18"}
        item("userEvidence", {"userAccount": system})
        self.made.frames["alerts"].append({
            "id": record[1], "tenantId": person["tenant"], "title": "t", "severity": "medium",
            "firstActivityDateTime": when, "evidence": items,
        })  # fmt: skip


def draw(seed: int) -> TrueTenant:
    """One tenant."""
    drawing = Draw(seed)
    drawing.records(drawing.people(), drawing.hosts())
    return drawing.made


@dataclass
class Figures:
    """How a resolver did.

    Attributes
    ----------
    beings : int
        Users, hosts and addresses that records name.
    false : int
        Two beings on one node although the records tell them apart: both have a strong identifier of one type, or one
        stands there by names that the records give to both.
    unknowable : int
        Two beings on one node that nothing in the records tells apart.
    missed : int
        Beings on several nodes although identifiers that are theirs alone tie these.
    unproved : int
        Beings on several nodes that nothing but shared names ties.
    """

    beings: int = 0
    false: int = 0
    unknowable: int = 0
    missed: int = 0
    unproved: int = 0
    cases: list[Any] = field(default_factory=list)

    def __add__(self, other: Figures) -> Figures:
        """Both together."""
        names = ("beings", "false", "unknowable", "missed", "unproved")
        return Figures(*(getattr(self, name) + getattr(other, name) for name in names), self.cases + other.cases)


def judge(tenant: TrueTenant, g: nx.MultiDiGraph) -> Figures:
    """Hold a graph against the truth."""
    at = _places(g)
    placed: list[tuple[Mentioned, Entity]] = []
    carriers: dict[tuple[str, TrueId], set[Being]] = defaultdict(set)
    for one in tenant.mentioned:
        node = _node(at, one)
        assert node is not None, f"nothing in the graph for {one}"
        placed.append((one, node))
        for true_id in one.ids:
            carriers[one.being[0], true_id].add(one.being)

    def is_own(kind: str, true_id: TrueId) -> bool:
        # A short name leads to a host, and proves nothing about two of them.
        return true_id[0] != "short" and len(carriers[kind, true_id]) == 1

    own = [any(is_own(one.being[0], true_id) for true_id in one.ids) for one, _ in placed]
    given_to: dict[tuple[str, TrueId], set[Being]] = defaultdict(set)  # by places that say who else it is
    owners: dict[Entity, set[Being]] = defaultdict(set)
    nodes: dict[Being, set[Entity]] = defaultdict(set)
    for (one, node), is_clear in zip(placed, own, strict=True):
        nodes[one.being].add(node)
        if is_clear:
            owners[node].add(one.being)
            for true_id in one.ids:
                given_to[one.being[0], true_id].add(one.being)
    found = Figures(beings=len(nodes))
    strong = {being: _strong(placed, being, is_own) for being in nodes}
    for node, together in owners.items():
        for place, a in enumerate(ordered := sorted(together)):
            for b in ordered[place + 1 :]:
                evident = bool(strong[a].get(node, set()) & strong[b].get(node, set()))
                found.false += evident
                found.unknowable += not evident
                found.cases += [("false", node, a, b)] if evident else []

    def is_contested(kind: str, true_id: TrueId) -> bool:
        """Whether the records give it to two that a strong identifier of one type tells apart."""
        types = [
            strong[one.being].get(node, set())
            for one, node in {(one.being, node): (one, node) for one, node in placed if true_id in one.ids}.values()
            if one.being in given_to[kind, true_id] and one.being[0] == kind
        ]
        return any(a & b for place, a in enumerate(types) for b in types[place + 1 :])

    strays = {
        (one.being, node): all(is_contested(one.being[0], true_id) for true_id in one.ids)
        for one, node in placed
        if owners[node] and one.being not in owners[node]
    }
    found.false += sum(strays.values())
    found.cases += [("stray", *pair) for pair, evident in strays.items() if evident]
    found.unknowable += len(strays) - sum(strays.values())
    for being, where in nodes.items():
        if len(where) == 1:
            continue
        mine = [(one.ids, node) for one, node in placed if one.being == being]
        tied = _tied(mine, lambda true_id, kind=being[0]: is_own(kind, true_id))
        found.missed += tied < len(where)
        found.unproved += tied == len(where)
        found.cases += [("missed", being, sorted(where))] if tied < len(where) else []
    return found


def _strong(placed: list[tuple[Mentioned, Entity]], being: Being, is_own: Any) -> dict[Entity, set[str]]:
    """Per node of a being, of which types it has strong identifiers in places that its own identifiers tie to there."""
    h = nx.Graph()
    mine = [(one, node) for one, node in placed if one.being == being]
    for at, (one, node) in enumerate(mine):
        h.add_edges_from((("place", at), other) for other in (node, *(i for i in one.ids if is_own(being[0], i))))
    types: dict[Entity, set[str]] = {}
    for part in nx.connected_components(h):
        here = {i[0] for at, (one, _) in enumerate(mine) if ("place", at) in part for i in one.ids if i[0] in STRONG}
        types.update(dict.fromkeys((n for n in part if isinstance(n, Entity)), here))
    return types


def _tied(placed: list[tuple[frozenset[TrueId], Entity]], is_own: Any) -> int:
    """How many nodes are left when those that one own identifier names are joined."""
    h = nx.Graph()
    h.add_nodes_from(node for _, node in placed)
    for ids, node in placed:
        h.add_edges_from((node, true_id) for true_id in ids if is_own(true_id))
    return sum(any(isinstance(n, Entity) for n in part) for part in nx.connected_components(h))


def _places(g: nx.MultiDiGraph) -> dict[tuple[str, str], list[tuple[str, Entity]]]:
    at = defaultdict(list)
    for record, entity, references in g.edges(data="references"):
        if isinstance(entity, Entity) and not isinstance(record, Entity):
            for r in references:
                at[r["record_kind"], r["record_id"]].append((r["field"], entity))
    return at


def _node(at: dict[tuple[str, str], list[tuple[str, Entity]]], one: Mentioned) -> Entity | None:
    kind, starts = one.being[0], tuple(one.place.split("|"))
    if one.place.endswith(".device"):  # the item's own properties
        inside = one.place.removesuffix("device")
        return next(
            (n for f, n in at[one.record] if n.kind == kind and f.startswith(inside) and "[" not in f[len(inside) :]),
            None,
        )
    return next((n for f, n in at[one.record] if n.kind == kind and f.startswith(starts)), None)
