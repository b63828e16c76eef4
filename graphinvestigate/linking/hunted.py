"""Tables of events in advanced hunting and Sentinel: which of their columns name whom, for `map_records`.

From https://learn.microsoft.com/defender-xdr/advanced-hunting-schema-tables. Rows of ``AlertInfo`` and of tables of
sign-ins and risk are no events of their own: `read_table` makes the records of them that Graph gives too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

Named: TypeAlias = str | tuple[str, ...]
"""A column, or several that only together name one: a user by domain, account and, for local ones, id and names of the
device; a process by number, device, start and, to show, its name."""


@dataclass(frozen=True, slots=True)
class Events:
    """A table of events that Graph gives no records of: its rows become records of a kind of their own.

    Attributes
    ----------
    name, kind : str
        The table's, and that of its records.
    time, title : str
        Columns.
    roles : mapping of str to tuple of (str or tuple of str)
        Role (of `map_records`) → columns that name it.
    """

    name: str
    kind: str
    time: str
    title: str
    roles: Mapping[str, tuple[Named, ...]]

    @property
    def columns(self) -> Iterator[str]:
        """Every column that names somebody."""
        for named in self.roles.values():
            for one in named:
                yield from (one,) if isinstance(one, str) else one


_USER: tuple[Named, ...] = (
    *("AccountObjectId", "AccountUpn", "AccountSid"),
    ("AccountDomain", "AccountName", "DeviceId", "DeviceName"),
)
_STARTED_BY: tuple[Named, ...] = (
    *("InitiatingProcessAccountObjectId", "InitiatingProcessAccountUpn", "InitiatingProcessAccountSid"),
    ("InitiatingProcessAccountDomain", "InitiatingProcessAccountName", "DeviceId", "DeviceName"),
)
_HOST = ("DeviceId", "DeviceName")
_STARTED: tuple[Named, ...] = (
    ("InitiatingProcessId", "DeviceId", "InitiatingProcessCreationTime", "InitiatingProcessFileName"),
)
_PROCESS: tuple[Named, ...] = (("ProcessId", "DeviceId", "ProcessCreationTime", "FileName"),)

EVENTS = {
    table.name: table
    for table in (
        Events(
            "DeviceLogonEvents",
            "device_logon",
            "Timestamp",
            "ActionType",
            # The address is that of the device from which somebody logged on to this one.
            {"user": _USER, "host": _HOST, "source_ip": ("RemoteIP",)},
        ),
        Events(
            "DeviceNetworkEvents",
            "device_network_event",
            "Timestamp",
            "ActionType",
            {
                "user": _STARTED_BY,
                "host": _HOST,
                "ip": ("LocalIP",),
                "destination_ip": ("RemoteIP",),
                "url": ("RemoteUrl",),
                "file": ("InitiatingProcessSHA256", "InitiatingProcessSHA1"),
                "process": _STARTED,
            },
        ),
        Events(
            "DeviceProcessEvents",
            "device_process_event",
            "Timestamp",
            "ActionType",
            {
                "user": _USER,
                "host": _HOST,
                "file": ("SHA256", "SHA1", "MD5"),
                "process": _PROCESS,
                "parent_process": _STARTED,
            },
        ),
        Events(
            "DeviceFileEvents",
            "device_file_event",
            "Timestamp",
            "ActionType",
            {"user": _STARTED_BY, "host": _HOST, "file": ("SHA256", "SHA1", "MD5"), "process": _STARTED},
        ),
        Events(
            "IdentityLogonEvents",
            "identity_logon",
            "Timestamp",
            "ActionType",
            {"user": _USER, "host": ("DeviceName",), "ip": ("IPAddress",), "destination_ip": ("DestinationIPAddress",)},
        ),
        Events(
            "AADSignInEventsBeta",
            "sign_in_event",
            "Timestamp",
            "Application",
            {
                "user": ("AccountObjectId", "AccountUpn"),
                "host": ("AadDeviceId", "DeviceName"),
                "ip": ("IPAddress",),
                "app": ("ApplicationId",),
            },
        ),
        Events(
            "EmailEvents",
            "email_event",
            "Timestamp",
            "Subject",
            {
                "target_user": ("RecipientObjectId",),
                "recipient": ("RecipientEmailAddress",),
                "sender": ("SenderFromAddress", "SenderMailFromAddress"),
                "sender_ip": ("SenderIPv4", "SenderIPv6"),
                "mail_message": ("NetworkMessageId", "InternetMessageId"),
            },
        ),
        Events(
            "UrlClickEvents",
            "url_click",
            "Timestamp",
            "ActionType",
            {"user": ("AccountUpn",), "url": ("Url",), "ip": ("IPAddress",), "mail_message": ("NetworkMessageId",)},
        ),
        Events(
            "CloudAppEvents",
            "cloud_app_event",
            "Timestamp",
            "ActionType",
            {"user": ("AccountObjectId",), "ip": ("IPAddress",), "app": ("OAuthAppId",)},
        ),
    )
}
