"""What an investigation leaves behind: the briefing in a terminal, the case on disk, the report in one file."""

from graphinvestigate.cases.briefing import briefing
from graphinvestigate.cases.case import Case, open_case
from graphinvestigate.cases.differences import Difference, diff
from graphinvestigate.cases.replaying import Replay

__all__ = ["Case", "Difference", "Replay", "briefing", "diff", "open_case"]
