"""What an investigation leaves behind: the briefing in a terminal and the report in one file."""

from graphinvestigate.cases.briefing import briefing
from graphinvestigate.cases.report import write_report

__all__ = ["briefing", "write_report"]
