"""Who and what a demo tenant consists of: people, hosts, addresses and the domain, all drawn from the seed."""

from __future__ import annotations

import ipaddress
import random
from dataclasses import dataclass, field, replace
from typing import Any

from graphinvestigate.demo import draws, words

PUBLIC_NETWORKS = ("192.0.2.", "198.51.100.", "203.0.113.")


@dataclass(frozen=True, slots=True)
class Address:
    """A public address and the place Graph would show for it."""

    ip: str
    city: str
    state: str
    country: str
    country_name: str
    latitude: float
    longitude: float
    asn: int


@dataclass(frozen=True, slots=True)
class Host:
    """A laptop or a server."""

    name: str
    fqdn: str
    mde_id: str
    entra_id: str | None
    platform: str
    build: int
    version: str
    ip: str
    group: str
    server: bool
    managed: bool
    first_seen: int


@dataclass(frozen=True, slots=True)
class Former:
    """What a renamed person was called, and until when."""

    upn: str
    display_name: str
    until: int


@dataclass(frozen=True, slots=True)
class Person:
    """An account: `kind` is member, guest, foreign (same display name, another tenant) or service."""

    index: int
    object_id: str
    upn: str
    display_name: str
    account: str
    kind: str
    home_tenant: str
    department: str
    home: Address
    laptop: Host | None
    ad_guid: str | None
    former: Former | None = None

    @property
    def sid(self) -> str:
        """The SID that matches the object id."""
        return draws.sid_of(self.object_id)

    def upn_at(self, ticks: int) -> str:
        """The user principal name at that time."""
        return self.former.upn if self.former and ticks < self.former.until else self.upn

    def name_at(self, ticks: int) -> str:
        """The display name at that time."""
        return self.former.display_name if self.former and ticks < self.former.until else self.display_name


@dataclass(frozen=True)
class Cast:
    """Everybody and everything a seed's records may name."""

    seed: int
    tenant_id: str
    domain: str
    company: str
    nt_domain: str
    now: int
    people: tuple[Person, ...]
    servers: tuple[Host, ...]
    guest: Person
    foreign: Person
    namesake: Person
    service: Person
    renamed: Person
    nat: Address
    far: tuple[Address, ...]
    spare: tuple[str, ...] = field(repr=False)

    def everyone(self) -> tuple[Person, ...]:
        """All accounts that sign in, by index."""
        return (*self.people, self.guest, self.foreign, self.service)


def build_cast(seed: int, *, now: int, size: int) -> Cast:
    """Draw the people, hosts and addresses of a tenant that holds `size` alerts."""
    rng = draws.generator(seed, "cast")
    first, last = rng.choice(words.DOMAIN_FIRST), rng.choice(words.DOMAIN_LAST)
    domain, company = f"{first}{last}.example", f"{first}{last}".capitalize()
    nt_domain = f"{first}{last}".upper()[:15]
    tenant_id = draws.guid(draws.salt(seed, "tenant"), 0)
    pool = [f"{network}{last_octet}" for network in PUBLIC_NETWORKS for last_octet in range(1, 255)]
    rng.shuffle(pool)
    office = rng.choice(words.OFFICES)
    nat = Address(pool.pop(), *office)
    far = tuple(Address(pool.pop(), *rng.choice(words.FAR_PLACES)) for _ in range(48))
    spare = tuple(pool.pop() for _ in range(24))

    count = rng.randint(32, 56) + size // 400
    prefix = rng.choice(words.HOST_PREFIXES)
    ids, devices = draws.salt(seed, "objects"), draws.salt(seed, "devices")
    people: list[Person] = []
    taken: dict[str, int] = {}
    irish = rng.randrange(4, 20)
    for index in range(count):
        given, family = rng.choice(words.GIVEN), rng.choice(words.FAMILY)
        if index == irish:
            family = "O'Brien"
        account = f"{given}.{family}".lower()
        taken[account] = taken.get(account, 0) + 1
        if taken[account] > 1:
            account += str(taken[account])
        people.append(
            Person(
                index=index,
                object_id=draws.guid(ids, index),
                upn=f"{account}@{domain}",
                display_name=f"{given} {family}",
                account=account,
                kind="member",
                home_tenant=tenant_id,
                department=rng.choice(words.DEPARTMENTS),
                home=_home(rng, pool, office, index),
                laptop=_laptop(rng, prefix, domain, devices, index, now),
                ad_guid=draws.guid(ids, 1_000_000 + index) if rng.random() < 0.3 else None,
            )
        )
    renamed = _rename(rng, people[1], domain, now)
    people[1] = renamed
    namesake = people[2]
    servers = tuple(
        _server(rng, domain, devices, 5_000_000 + place, now, role)
        for place, role in enumerate(rng.sample(words.SERVER_ROLES, 4))
    )
    guest, foreign, service = _outsiders(rng, seed, namesake, domain, tenant_id, pool, count)
    return Cast(
        seed=seed,
        tenant_id=tenant_id,
        domain=domain,
        company=company,
        nt_domain=nt_domain,
        now=now,
        people=tuple(people),
        servers=servers,
        guest=guest,
        foreign=foreign,
        namesake=namesake,
        service=service,
        renamed=renamed,
        nat=nat,
        far=far,
        spare=spare,
    )


def _home(rng: random.Random, pool: list[str], office: tuple, index: int) -> Address:
    """A home connection: IPv4 while the documentation ranges last, else (and for every fifth) IPv6."""
    if index % 5 == 4 or not pool:
        ip = str(ipaddress.IPv6Address((0x20010DB8 << 96) | (rng.getrandbits(24) << 40) | index + 1))
    else:
        ip = pool.pop()
    return Address(ip, *office)


def _laptop(rng: random.Random, prefix: str, domain: str, base: int, index: int, now: int) -> Host:
    mac = rng.random() < 0.15
    name = f"{prefix}-{draws.hex_digits(base, index, 16)[:3]}{index:03d}"
    platform, build, version = ("macOS", 24, "Other") if mac else rng.choice(words.WINDOWS)
    return Host(
        name=name,
        fqdn=f"{name}.corp.{domain}",
        mde_id=draws.hex_digits(base, index, 40),
        entra_id=draws.guid(base ^ 0xE17A1D, index),
        platform=platform,
        build=build,
        version=version,
        ip=f"10.{20 + (index >> 14)}.{(index >> 7) & 127}.{10 + (index & 127)}",
        group=rng.choice(words.DEPARTMENTS),
        server=False,
        managed=rng.random() < 0.85,
        first_seen=now - rng.randint(60, 500) * draws.DAY - rng.randrange(draws.DAY),
    )


def _server(rng: random.Random, domain: str, base: int, index: int, now: int, role: str) -> Host:
    name = f"srv-{role}{rng.randint(1, 9):02d}"
    return Host(
        name=name,
        fqdn=f"{name}.corp.{domain}",
        mde_id=draws.hex_digits(base, index, 40),
        entra_id=None,
        platform="WindowsServer2022",
        build=20348,
        version="21H2",
        ip=f"10.10.{rng.randrange(8)}.{index % 100 + 20}",
        group="Servers",
        server=True,
        managed=True,
        first_seen=now - rng.randint(200, 900) * draws.DAY - rng.randrange(draws.DAY),
    )


def _rename(rng: random.Random, person: Person, domain: str, now: int) -> Person:
    """Give a person a new family name some days ago; object id, host and account stay."""
    given, old = person.display_name.split(" ", 1)
    family = rng.choice([name for name in words.FAMILY if name != old])
    former = Former(
        upn=person.upn, display_name=person.display_name, until=now - rng.randint(4 * 24, 8 * 24) * draws.HOUR
    )
    return replace(
        person,
        upn=f"{given}.{family}.{person.index}@{domain}".lower(),
        display_name=f"{given} {family}",
        former=former,
    )


def _outsiders(
    rng: random.Random, seed: int, namesake: Person, domain: str, tenant_id: str, pool: list[str], count: int
) -> tuple[Person, Person, Person]:
    """The guest, the person of the same name in another tenant, and the service account."""
    ids = draws.salt(seed, "outsiders")
    first, last = rng.sample(words.DOMAIN_FIRST, 2)
    partner = f"{first}{rng.choice(words.DOMAIN_LAST)}.example"
    other = f"{last}{rng.choice(words.DOMAIN_LAST)}-group.example"
    given, family = rng.choice(words.GIVEN), rng.choice(words.FAMILY)
    blank: dict[str, Any] = {"laptop": None, "ad_guid": None, "department": ""}
    guest = Person(
        index=count,
        object_id=draws.guid(ids, 0),
        upn=f"{given}.{family}_{partner}#EXT#@{domain}".lower().replace("#ext#", "#EXT#"),
        display_name=f"{given} {family} {rng.choice(words.HOSTILE[:3])}",
        account=f"{given}.{family}_{partner}#EXT#".lower().replace("#ext#", "#EXT#"),
        kind="guest",
        home_tenant=draws.guid(ids, 1),
        home=Address(pool.pop() if pool else "2001:db8:ffff::7", *rng.choice(words.OFFICES)),
        **blank,
    )
    foreign = Person(
        index=count + 1,
        object_id=draws.guid(ids, 2),
        upn=f"{namesake.account}@{other}",
        display_name=namesake.display_name,
        account=namesake.account,
        kind="foreign",
        home_tenant=draws.guid(ids, 3),
        home=Address(pool.pop() if pool else "2001:db8:ffff::8", *rng.choice(words.OFFICES)),
        **blank,
    )
    purpose = rng.choice(("backup", "scanner", "sync", "deploy", "reports"))
    service = Person(
        index=count + 2,
        object_id=draws.guid(ids, 4),
        upn=f"svc-{purpose}@{domain}",
        display_name=f"svc-{purpose}",
        account=f"svc-{purpose}",
        kind="service",
        home_tenant=tenant_id,
        home=Address("", *rng.choice(words.OFFICES)),
        **blank,
    )
    return guest, foreign, service
