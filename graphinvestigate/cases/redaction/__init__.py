"""Who and what is named, replaced by keyed pseudonyms: the same everywhere, and proved by a scan."""

from graphinvestigate.cases.redaction.lookup import open_lookup
from graphinvestigate.cases.redaction.redactor import Redactor, redact

__all__ = ["Redactor", "open_lookup", "redact"]
