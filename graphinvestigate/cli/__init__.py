"""The commands: ``graphinvestigate demo | serve | lab | app | verify | replay | report | diff | freeze | watch …``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from graphinvestigate import __version__
from graphinvestigate.cli import app, bench, cases, demo, freeze, watch
from graphinvestigate.cli.demo import notebooks_folder
from graphinvestigate.cli.words import explain
from graphinvestigate.errors import GraphInvestigateError, UsageError
from graphinvestigate.text import log

__all__ = ["main", "notebooks_folder"]


STATUS = """exit status:
  0    done
  1    stopped by an error: a file, a case, Graph or a sign-in; the line on standard error says what to do next
  2    wrong usage: an option that is missing, unknown or cannot be right
  3    verify, replay: the case is not what was saved, or its replay is not the same
  4    watch --once: a destination did not take its events, or an incident became no case; the next poll does that
  130  stopped by Ctrl-C
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status, which `STATUS` explains."""
    parser = _parser()
    chosen, others = parser.parse_known_args(arguments)
    if others and chosen.command != "lab":
        parser.error(f"unrecognized arguments: {' '.join(others)}")
    chosen.others = others
    try:
        return int(chosen.run(chosen))
    except UsageError as error:
        return _fail(error, 2)
    except GraphInvestigateError as error:
        return _fail(error, 1)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:  # somebody piped us into `head`
        sys.stderr.close()
        return 0
    except OSError as error:
        named = f"{log(str(error.filename))}: " if error.filename else ""
        said = error.strerror or type(error).__name__
        return _fail(f"{named}{said}. Name a file or folder that you may use, and make room if there is none.", 1)


def _fail(error: Exception | str, status: int) -> int:
    print(f"graphinvestigate: {error}", file=sys.stderr)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="graphinvestigate",
        description="Investigate threats in a Microsoft tenant. Begin with: graphinvestigate demo",
        epilog=f"graphinvestigate COMMAND --help says more. In Python: import graphinvestigate as gi\n\n{STATUS}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"graphinvestigate {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for group in (demo, app, cases, freeze, watch, bench):
        group.add_commands(commands)
    explain(commands.choices)
    return parser
