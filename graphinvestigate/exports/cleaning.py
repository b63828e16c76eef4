"""Characters that a format cannot hold: left out, counted and said."""

from __future__ import annotations

import re
import warnings

# What XML 1.0 has no way to write, not even escaped.
XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# NUL ends a cell in most readers of CSV, and is refused by the databases behind BloodHound; half characters have no
# UTF-8.
NUL = re.compile(r"[\x00\ud800-\udfff]")
HALF = re.compile(r"[\ud800-\udfff]")


class Cleaner:
    """Leaves out what a format cannot hold, and remembers how much that was.

    Parameters
    ----------
    refused : re.Pattern
        One character that the format cannot hold.
    """

    def __init__(self, refused: re.Pattern[str]) -> None:
        self.refused = refused
        self.characters = 0

    def __call__(self, value: str) -> str:
        """Give a text without the characters that the format cannot hold."""
        cleaned, found = self.refused.subn("", value)
        self.characters += found
        return cleaned

    def say(self, name: str, instead: str = "Node-link JSON (.json) keeps them.") -> None:
        """Warn, once, of what was left out.

        Parameters
        ----------
        name : str
            The format, as people call it.
        instead : str
            What to do where they matter.
        """
        if self.characters:
            count = f"{self.characters:,} character" + ("s were" if self.characters > 1 else " was")
            warnings.warn(f"{name} cannot hold every control character: {count} left out. {instead}", stacklevel=4)
