"""Slots that several types of evidence share: accounts, devices, files, addresses (see `tables`)."""

from __future__ import annotations

from graphinvestigate.linking.tables import Slot


def user_account(base: str = "userAccount", *, relation: str = "names") -> Slot:
    """Return the slot of a ``userAccount``."""
    return Slot(
        "user",
        "user",
        (
            ("object_id", "azureAdUserId"),
            ("sid", "userSid"),
            ("ad_object_guid", "activeDirectoryObjectGuid"),
            ("upn", "userPrincipalName"),
            ("local_account", ("accountName", "domainName", "/mdeDeviceId")),
            ("account", ("accountName", "domainName")),
        ),
        base,
        relation,
        labels=("userPrincipalName", "displayName", "accountName"),
        facts=("displayName",),
    )


def device_of(path: str = "mdeDeviceId") -> Slot:
    """Return the slot of a device that is only named by its Defender id."""
    return Slot("host", "host", (("mde_device_id", path),))


def file_details(name: str, base: str, *, relation: str = "names") -> Slot:
    """Return the slot of a ``fileDetails``; a file without a hash is known by its path on its device."""
    return Slot(
        name,
        "file",
        (
            ("sha256", "sha256"),
            ("sha1", "sha1"),
            ("md5", "md5"),
            ("file_path", ("fileName", "filePath", "/mdeDeviceId")),
        ),
        base,
        relation,
        labels=("fileName", "filePath"),
        facts=("filePath", "filePublisher", "signer", "sha256Ac"),
    )


def ip_of(name: str, base: str, *, relation: str = "names") -> Slot:
    """Return the slot of an ``ipEvidence`` within other evidence."""
    return Slot(name, "ip", (("ip", "ipAddress"),), base, relation, facts=("countryLetterCode",))


def mail_address(name: str, path: str) -> Slot:
    """Return the slot of a mail address."""
    return Slot(name, "mailbox", (("address", path),), labels=(path,))


def url_host_of(path: str, base: str = "") -> tuple[Slot, Slot]:
    """Return the slots of the host in a URL: a domain, or an address."""
    return (
        Slot("url_host", "domain", (("url_domain", path),), base),
        Slot("url_host", "ip", (("url_ip", path),), base),
    )
