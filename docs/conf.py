"""How the documentation is built: ``python -m sphinx -W docs build/docs`` (extra `docs`).

Three parts are written by the build itself, so that they cannot grow old: the reference (from docstrings), the tutorial
(from the notebooks) and the permissions (from the schema tables).
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT))

import graphinvestigate as gi  # noqa: E402 (its folder is put on the path above)
from graphinvestigate.actions.kinds import KINDS, REVOKE_PERMISSION  # noqa: E402
from graphinvestigate.queries.access import NEEDS, permission_of as needed  # noqa: E402

project = "graphinvestigate"
author = copyright = "The graphinvestigate authors"
release = version = gi.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build", "generated/README.md"]
html_theme = "alabaster"
html_theme_options = {
    "description": "Investigate threats in a Microsoft tenant from Jupyter",
    "fixed_sidebar": True,
    "page_width": "1150px",
    "sidebar_width": "250px",  # its name in one line
}
html_show_sourcelink = False
html_copy_source = False
default_role = "code"  # in our docstrings single backticks are code
napoleon_numpy_docstring, napoleon_google_docstring = True, False
napoleon_preprocess_types = False
napoleon_use_ivar = True  # an attribute that is also a property is described once
autodoc_typehints = "none"  # the docstrings say what each argument is
autodoc_member_order = "bysource"
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
nitpicky = False
linkcheck_ignore = [r"http://127\.0\.0\.1.*", r".*\.example.*"]

GENERATED = HERE / "generated"
GROUPS = {
    "Connect": ("client", "demo"),
    "Pull": ("queries", "frames"),
    "Link and ask": ("linking", "pivots"),
    "See": ("views", "widgets"),
    "Cases": ("cases", "notes", "walkthrough"),
    "Errors": ("errors",),
}


def reference() -> str:
    """Every public name, in groups, from its docstring."""
    lines = ["# Reference", "", "`import graphinvestigate as gi`; every name here is `gi.<name>`.", ""]
    left = dict(gi._HOME)
    groups: dict[str, list[str]] = {}
    for title, homes in GROUPS.items():
        groups[title] = sorted(name for name, home in left.items() if home.partition(".")[0] in homes)
        left = {name: home for name, home in left.items() if name not in groups[title]}
    groups["Others"] = sorted(left)
    for title, names in groups.items():
        if not names:
            continue
        lines += [f"## {title}", ""]
        for name in names:
            value = getattr(gi, name)
            kind = "exception" if isinstance(value, type) and issubclass(value, BaseException) else "class"
            what = f"auto{kind if isinstance(value, type) else 'function'}"
            # Widgets inherit hundreds of members that are ipywidgets' own.
            members = ["   :members:"] if isinstance(value, type) else []
            lines += ["```{eval-rst}", f".. {what}:: graphinvestigate.{name}", *members, "```", ""]
    return "\n".join(lines)


def tutorial() -> dict[str, str]:
    """One page per notebook: its text and its code, as it stands in the repository."""
    pages = {}
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        parts = [f"*This page is the notebook `notebooks/{path.name}`; `graphinvestigate lab` opens it.*"]
        for cell in cells:
            source = "".join(cell["source"]).strip("\n")
            if cell["cell_type"] == "markdown":
                parts.append(source)
            elif source:
                parts.append(
                    f"```ipython3\n{source}\n```" if source.lstrip().startswith("%") else f"```py\n{source}\n```"
                )
        first = next((n for n, part in enumerate(parts) if part.startswith("# ")), 0)
        parts.insert(0, parts.pop(first))  # a page opens with its heading
        pages[path.stem] = "\n\n".join(parts) + "\n"
    return pages


def permissions() -> str:
    """What each call needs, from the table that `check_access` works with, and where Graph documents it."""
    rows = []
    for need in NEEDS:
        documented = getattr(gi, need.function.partition("(")[0]).__doc__ or ""
        address = re.findall(r"https://learn[.]microsoft[.]com/[^\s)>`]+", documented)[0].rstrip(".")
        page = f"[page]({address})"
        rows.append(
            f"| `{need.function}` | `{needed(need)}` | {need.role} | {need.licence or 'none'} | {need.hides} | {page} |"
        )
    writes = [
        f"| `gi.actions` on records of kind `{kind.name}` | `{kind.write}` |" for _, kind in sorted(KINDS.items())
    ]
    writes.append(f"| `gi.actions`, `revoke_sessions=True` | `{REVOKE_PERMISSION}` |")
    return "\n".join(
        [
            "# Permissions",
            "",
            "The least permission of Microsoft Graph that each call needs, by the one name it has as *delegated*",
            "permission (a person signs in) and as *application* permission (a service does). A person needs the",
            "Entra role too; an app needs none. `gi.check_access(client)` says which of them are there, and",
            "[Connect to your tenant](../howto/connect.md) how they are given.",
            "",
            "## To read",
            "",
            "| call | permission | role of a person | licence of the tenant | without it is hidden | Graph |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
            "Pivots, refreshes and the explorer ask with these calls and need nothing else. What may not be read stops",
            "none of them: it stands in the coverage, with the permission that lacks.",
            "",
            "## To write",
            "",
            "Nothing is written unless `apply(dry_run=False)` is called, and only then are these asked for.",
            "",
            "| what | permission |",
            "|---|---|",
            *writes,
            "",
        ]
    )


def write_generated(_app: Any = None) -> None:
    """Write the pages that the build makes itself."""
    GENERATED.mkdir(exist_ok=True)
    pages = {"reference.md": reference(), "permissions.md": permissions()}
    notebooks = tutorial()
    pages |= {f"{name}.md": text for name, text in notebooks.items()}
    names = "\n".join(notebooks)
    pages["tutorial.md"] = (
        "# Tutorial\n\nNotebooks on the demo tenant, each telling one job. `graphinvestigate lab` opens them; in your "
        f"own tenant only the line that connects differs.\n\n```{{toctree}}\n:maxdepth: 1\n\n{names}\n```\n"
    )
    for name, text in pages.items():
        path = GENERATED / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def setup(app: Any) -> None:
    """Hook into Sphinx."""
    app.connect("builder-inited", write_generated)
