"""Tables that users have already, in Microsoft Sentinel and advanced hunting, as the records that Graph gives."""

from graphinvestigate.scale.presets.reading import read_table

__all__ = ["read_table"]
