"""The budget of decoding: pages → alerts and evidence with `raw`, beside parsers that keep nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pandas as pd

from graphinvestigate.envelope import read_page
from graphinvestigate.frames import RESOURCES, evidence, records_frame
from graphinvestigate.scale.bench.measure import Finding, peak_extra, rounds, side_by_side
from graphinvestigate.scale.bench.synthetic import alert_pages

ROW = "decode"
_FULL = 100_000  # alerts that the budgets are of; json_normalize is not measured beyond

# What names somebody or something, and what all types have: about 110 leaves with the alerts' own.
_NAMES = """
app_id azure_ad_device_id cloud_application_app_id created_date_time device_dns_name display_name dns_domain
file_details_file_name file_details_file_path file_details_sha1 file_details_sha256 host_name
image_file_file_name image_file_file_path image_file_sha1 image_file_sha256 instance_name internet_message_id
ip_address ip_interfaces last_external_ip_address last_ip_address logged_on_users mde_device_id
network_message_id nt_domain object_id p1_sender_email_address p2_sender_email_address
parent_process_creation_date_time parent_process_id parent_process_image_file_file_name
parent_process_image_file_sha1 parent_process_image_file_sha256 primary_address process_command_line
process_creation_date_time process_id recipient_email_address remediation_status resource_id roles saas_app_id
sender_ip service_principal_object_id stream_name upn url user_account_account_name
user_account_active_directory_object_guid user_account_azure_ad_user_id user_account_display_name
user_account_domain_name user_account_resource_access_events user_account_tenant_id
user_account_user_principal_name user_account_user_sid verdict vm_metadata_resource_id vm_metadata_vm_id
"""
_OF_ALERT = ["id", "incidentId", "tenantId", "firstActivityDateTime", "lastActivityDateTime"]
IDENTIFYING = frozenset(_NAMES.split())


def frames_of(pages: list[bytes], *, columns: frozenset[str] | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make the frames of some answers: what the budget is about.

    Parameters
    ----------
    pages : list of bytes
    columns : frozenset of str, optional
        Of evidence; all by default.

    Returns
    -------
    alerts, evidence : pandas.DataFrame
    """
    read = [read_page(page, source="a page") for page in pages]
    alerts = records_frame(RESOURCES["alerts"], read, pull_id="bench")
    return alerts, evidence(alerts, columns=columns)


def run(size: int) -> Iterator[Finding]:
    """Measure decoding so many alerts.

    Parameters
    ----------
    size : int

    Yields
    ------
    Finding
    """
    pages = list(alert_pages(size))
    held = sum(map(len, pages))
    for name, work in (("identifying columns", _identifying), ("all columns", frames_of)):
        peak = peak_extra(_warm_pages, work, size)
        if peak is not None:
            budget = 1.0 if work is _identifying and size >= _FULL else None
            yield Finding(ROW, size, "extra memory / pages", peak / held, budget, note=name)
    frames_of(pages[:1])  # what is imported, compiled or built once
    parsers = {"msgspec objects": msgspec.json.Decoder().decode, "json.loads": json.loads}
    try:
        import orjson
    except ImportError:
        pass
    else:
        parsers = {"orjson.loads": orjson.loads, **parsers}

    def drop(parse: Any) -> Any:
        def work() -> None:
            for page in pages:
                parse(page)

        return work

    sides = [drop(parse) for parse in parsers.values()]
    few, all_columns, *others = side_by_side(
        lambda: _identifying(pages), lambda: frames_of(pages), *sides, rounds=rounds(size)
    )
    for name, other in zip(parsers, others, strict=True):
        budget = 1.0 if name == "orjson.loads" and size >= _FULL else None
        for note, ours, most in (("identifying columns", few, budget), ("all columns", all_columns, None)):
            yield Finding(ROW, size, f"time / {name}", ours.wall / other.wall, most, note=note)
            yield Finding(ROW, size, f"processor time / {name}", ours.processor / other.processor, note=note)
    yield Finding(ROW, size, "microseconds per alert", all_columns.processor / size * 1e6, note="all columns")
    if size > _FULL:
        return  # the other side would take a quarter of an hour
    ours, bare, same = side_by_side(
        lambda: _identifying(pages), lambda: normalized(pages), lambda: normalized(pages, typed=True), rounds=2
    )
    for note, normal, least in (("values as they come", bare, None), ("times, alert's columns and raw", same, 10.0)):
        budget = least if size >= _FULL else None
        yield Finding(ROW, size, "json_normalize / time", normal.wall / ours.wall, budget, at_least=True, note=note)
        yield Finding(ROW, size, "json_normalize / processor time", normal.processor / ours.processor, note=note)


def _warm_pages(size: int) -> list[bytes]:
    pages = list(alert_pages(size))
    frames_of(pages[:1])
    return pages


def _identifying(pages: list[bytes]) -> tuple[pd.DataFrame, pd.DataFrame]:
    return frames_of(pages, columns=IDENTIFYING)


def normalized(pages: list[bytes], *, typed: bool = False) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make the two frames with `pandas.json_normalize`, the parse of the pages included.

    Parameters
    ----------
    pages : list of bytes
    typed : bool
        With what ours have too: times as times, an alert's own columns on its evidence, and each record as text.

    Returns
    -------
    alerts, evidence : pandas.DataFrame
    """
    records = [record for page in pages for record in json.loads(page)["value"]]
    meta = _OF_ALERT if typed else ["id"]
    frames = pd.json_normalize(records), pd.json_normalize(records, "evidence", meta, meta_prefix="alert_")
    if typed:
        for frame in frames:
            for name in [name for name in frame.columns if name.endswith("DateTime")]:
                frame[name] = pd.to_datetime(frame[name], format="ISO8601", utc=True, errors="coerce")
        frames[0]["raw"] = [json.dumps(record) for record in records]
        frames[1]["raw"] = [json.dumps(item) for record in records for item in record["evidence"]]
    return frames
