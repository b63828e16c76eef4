"""Observations made of few identifiers, so that they meet and contradict each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

VALUES = {
    "user": {"object_id": "abc", "sid": "st", "upn": "pqr", "account": ["t1/c\\a", "t1/c\\b"]},
    "host": {
        "mde_device_id": "mno",
        "device_id": "de",
        "fqdn": ["a.x.org", "b.x.org", "a.y.org"],
        "nt_name": ["t1/x\\a"],
        "short_name": ["t1/a", "t1/b", "t2/a"],
    },
    "file": {"sha256": "fgh", "sha1": "ij", "md5": "k"},
    "mail_message": {"network_message_id": "nm", "internet_message_id": "uv"},
    "iot_device": {"iot_device_id": "ab", "mac_address": "xy", "serial_number": "12"},
    "urn_thing": {"urn": "ab", "other_id": "cd", "z": "e"},
}


def observations(values: Mapping[str, Mapping[str, Sequence[str]]] = VALUES) -> st.SearchStrategy[Any]:
    """Draw a kind with one to three of its identifiers."""
    ids = {
        kind: [(id_type, value) for id_type, some in types.items() for value in some] for kind, types in values.items()
    }
    return st.sampled_from(sorted(ids)).flatmap(
        lambda kind: st.tuples(st.just(kind), st.lists(st.sampled_from(ids[kind]), min_size=1, max_size=3, unique=True))
    )
