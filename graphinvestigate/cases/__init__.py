"""What an investigation leaves behind: the briefing in a terminal, the report in one file, and the case."""

from graphinvestigate.cases.briefing import briefing
from graphinvestigate.cases.case import Case, open_case
from graphinvestigate.cases.report import write_report

__all__ = ["Case", "briefing", "open_case", "write_report"]
