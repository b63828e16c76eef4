"""``python -m graphinvestigate`` is the command line."""

import sys

from graphinvestigate.cli import main

if __name__ == "__main__":
    sys.exit(main())
