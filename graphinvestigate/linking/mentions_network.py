"""What evidence about networks names: lookups, connections, cards, IoT devices, URLs (see `mentions_evidence`)."""

from __future__ import annotations

from graphinvestigate.linking.slots import ip_of, url_host_of
from graphinvestigate.linking.tables import MAIN, Nested, Slot, Table, Tie

NETWORK: dict[str, Table] = {
    "urlEvidence": Table(
        "url",
        (Slot("url", "url", (("url", "url"),), relation=MAIN, labels=("url",)), *url_host_of("url")),
        ties=(Tie("url", "hosted_at", "url_host"),),
    ),
    "dnsEvidence": Table(
        "domain",
        (
            Slot("domain", "domain", (("domain", "domainName"),), relation=MAIN, labels=("domainName",)),
            ip_of("server", "dnsServerIp"),
            ip_of("asked_by", "hostIpAddress"),
            ip_of("ip", "ipAddresses[]"),
        ),
        ties=(
            Tie("domain", "resolves_to", "ip"),
            Tie("asked_by", "looked_up", "domain"),
            Tie("server", "answered_for", "domain"),
        ),
    ),
    "networkConnectionEvidence": Table(
        "network_connection",
        (
            Slot(
                "connection",
                "network_connection",
                (
                    (
                        "network_connection",
                        (
                            "destinationAddress.ipAddress",
                            "destinationPort",
                            "sourceAddress.ipAddress",
                            "sourcePort",
                            "protocol",
                        ),
                    ),
                ),
                relation=MAIN,
                labels=("destinationAddress.ipAddress",),
            ),
            ip_of("source", "sourceAddress"),
            ip_of("destination", "destinationAddress"),
        ),
        ties=(
            Tie("source", "connected_to", "destination"),
            Tie("source", "opened", "connection"),
            Tie("connection", "went_to", "destination"),
        ),
    ),
    "nicEvidence": Table(
        "nic",
        (
            Slot("nic", "nic", (("mac_address", "macAddress"),), relation=MAIN, labels=("macAddress",)),
            ip_of("ip", "ipAddress"),
        ),
        ties=(Tie("nic", "has_address", "ip"),),
    ),
    "ioTDeviceEvidence": Table(
        "iot_device",
        (
            Slot(
                "device",
                "iot_device",
                (("iot_device_id", "deviceId"), ("mac_address", "macAddress"), ("serial_number", "serialNumber")),
                relation=MAIN,
                labels=("deviceName", "deviceId"),
                facts=("deviceType", "manufacturer", "model", "operatingSystem", "site", "zone"),
            ),
            ip_of("ip", "ipAddress"),
        ),
        nested=(
            Nested("nic", "nics[]", "nicEvidence"),
            Nested("hub", "ioTHub", "azureResourceEvidence"),
            Nested("page", "sourceRef", "urlEvidence"),
        ),
        ties=(
            Tie("device", "has_address", "ip"),
            Tie("device", "has_nic", "nic"),
            Tie("device", "connected_to", "hub"),
        ),
    ),
}
