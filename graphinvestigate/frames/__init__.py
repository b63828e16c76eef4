"""Records → DataFrames: schema tables, decoding, saved answers. Pure; knows no HTTP."""

from graphinvestigate.frames.ahead import Ahead
from graphinvestigate.frames.decode import empty_frame, records_frame
from graphinvestigate.frames.files import newest, read_records
from graphinvestigate.frames.hunting import hunting_frame
from graphinvestigate.frames.inner import evidence, expanded_alerts
from graphinvestigate.frames.raw import RawArray, RawDtype
from graphinvestigate.frames.report import schema_report
from graphinvestigate.frames.schema import EVIDENCE, RESOURCES, Column, Resource
from graphinvestigate.frames.strings import StringsArray, StringsDtype

__all__ = [
    "EVIDENCE",
    "RESOURCES",
    "Ahead",
    "Column",
    "RawArray",
    "RawDtype",
    "Resource",
    "StringsArray",
    "StringsDtype",
    "empty_frame",
    "evidence",
    "expanded_alerts",
    "hunting_frame",
    "newest",
    "read_records",
    "records_frame",
    "schema_report",
]
