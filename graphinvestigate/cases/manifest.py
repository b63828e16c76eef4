"""The manifest of a case: what the folder holds, of which bytes, made with what. `docs/case-format.md` specifies it."""

from __future__ import annotations

import hashlib
import json
import platform
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any, NoReturn

from graphinvestigate.errors import BadFileError
from graphinvestigate.files import sha256
from graphinvestigate.text import log

FORMAT = "graphinvestigate-case"
VERSION = 2
NAME = "manifest.json"
TOOLS = ("graphinvestigate", "pandas", "numpy", "pyarrow", "networkx", "plotly", "msgspec")
"""What has a say in what a case is rebuilt to."""
REPORT = "3"
"""Of the rules by which report, ticket and timeline are told: raised whenever they say something else of one case."""
MOST_FILES = 1_000
MOST_MANIFEST = 16 * 2**20
PIECE = 4 * 2**20  # bytes of a file that are written, hashed or searched at a time

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}(?:\.[A-Za-z0-9_-]{1,20}){0,3}")
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)  # devices on Windows
_SAID = ("format", "version", "name", "case_id", "created", "saved", "tools", "query_windows", "files")
_MEMBERS = frozenset((*_SAID, "content_sha256", "derived", "derived_sha256"))
_HASH = re.compile(r"[0-9a-f]{64}")
_MOST_PARTS = 3


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file of a case: the hash of its bytes, and how many there are."""

    sha256: str
    size: int

    @classmethod
    def of(cls, pieces: Iterable[bytes]) -> FileEntry:
        """Of what comes in pieces."""
        made, size = hashlib.sha256(), 0
        for piece in pieces:
            made.update(piece)
            size += len(piece)
        return cls(made.hexdigest(), size)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a case folder says of itself.

    Attributes
    ----------
    name, case_id : str
        What the analyst calls the case, and what it is known by for ever.
    created, saved : str
        ISO times, UTC.
    tools : dict of str to str
        Versions it was made with.
    windows : list of dict
        Per pull what was asked for: `pull_id`, `resource`, `since`, `until`, `complete`.
    files : dict of str to FileEntry
        Every file but the manifest, by its path within the case.
    derived : dict
        Hashes of what is rebuilt from the files: frames, graph, timeline, report.
    version : int
        Of the format.
    claimed, claimed_derived : str or None
        The `content_sha256` and `derived_sha256` that stood in the file that it was read from; None where it was made
        here, or by a version that did not write them.
    strange : tuple of str
        Members that no manifest has; it was not written by us as it stands.
    """

    name: str
    case_id: str
    created: str
    saved: str
    tools: dict[str, str]
    windows: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, FileEntry] = field(default_factory=dict)
    derived: dict[str, Any] = field(default_factory=dict)
    version: int = VERSION
    claimed: str | None = field(default=None, compare=False)
    claimed_derived: str | None = field(default=None, compare=False)
    strange: tuple[str, ...] = field(default=(), compare=False)

    @property
    def changed(self) -> bool:
        """Whether it says something else than when it was written: its own hashes are not those of what it says."""
        if self.strange or self.claimed_derived not in (None, self.derived_sha256):
            return True
        return self.claimed is not None and self.claimed != self.content_sha256

    @property
    def derived_sha256(self) -> str:
        """The hash of `derived`: a changed byte there is a damaged manifest, not another outcome of a replay."""
        return sha256(dumped(self.derived))

    @property
    def content_sha256(self) -> str:
        """One hash for the case: written down elsewhere, it proves that files and manifest are still the same.

        It covers all that the manifest says but `derived`, which follows from the files; in version 1 the files alone.
        """
        if self.version == 1:
            return sha256("".join(f"{one.sha256}  {name}\n" for name, one in sorted(self.files.items())))
        return sha256(dumped(self._said()))

    def to_bytes(self) -> bytes:
        """Write it as the file `manifest.json`."""
        own = {"content_sha256": self.content_sha256, "derived": self.derived, "derived_sha256": self.derived_sha256}
        return dumped({**self._said(), **own})

    def _said(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "version": self.version,
            "name": self.name,
            "case_id": self.case_id,
            "created": self.created,
            "saved": self.saved,
            "tools": self.tools,
            "query_windows": self.windows,
            "files": {name: {"sha256": one.sha256, "bytes": one.size} for name, one in self.files.items()},
        }


def read_manifest(body: bytes, *, source: str) -> Manifest:
    """Read a manifest, believing nothing in it.

    Parameters
    ----------
    body : bytes
    source : str
        What to call it in messages.

    Returns
    -------
    Manifest

    Raises
    ------
    BadFileError
        It is no manifest, of a later version, or names a file that a case cannot have.
    """
    value = parsed(body, source=source)
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise BadFileError(f'{source}: this is no case: its "format" is not {FORMAT!r}. Name the folder of a case.')
    version = value.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise BadFileError(f"{source}: a case without a version ({log(repr(version))}); its manifest is damaged.")
    if version > VERSION:
        raise BadFileError(
            f"{source}: a case of format version {version}; this graphinvestigate reads up to {VERSION}. "
            "Update it (pip install -U graphinvestigate), or have the case saved by an older one."
        )
    texts: dict[str, Any] = {name: value.get(name) for name in ("name", "case_id", "created", "saved")}
    tools: Any
    windows: Any
    tools, windows, derived = value.get("tools"), value.get("query_windows"), value.get("derived", {})
    claimed, claimed_derived = value.get("content_sha256"), value.get("derived_sha256")
    good = all(isinstance(text, str) for text in texts.values())
    good = good and (isinstance(claimed, str) or (claimed is None and version == 1))
    good = good and (claimed_derived is None or isinstance(claimed_derived, str))
    good = good and isinstance(tools, dict) and all(isinstance(text, str) for text in tools.values())
    good = good and isinstance(windows, list) and all(isinstance(one, dict) for one in windows)
    if not good or not isinstance(derived, dict):
        raise BadFileError(f"{source}: its manifest is damaged: a member is missing or of another type.")
    return Manifest(
        **texts,
        version=version,
        tools=tools,
        windows=windows,
        derived=derived,
        claimed=claimed,
        claimed_derived=claimed_derived,
        strange=tuple(sorted(value.keys() - _MEMBERS)),
        files=_files(value.get("files"), source),
    )


def _files(value: Any, source: str) -> dict[str, FileEntry]:
    if not isinstance(value, dict) or len(value) > MOST_FILES:
        raise BadFileError(f"{source}: its manifest names no files, or more than {MOST_FILES:,}.")
    found: dict[str, FileEntry] = {}
    folded: set[str] = set()
    for name, entry in value.items():
        check_name(name, source=source)
        if name.casefold() in folded:
            raise BadFileError(f"{source}: two files of one name, {log(name)}: on some systems they are one.")
        folded.add(name.casefold())
        digest, size = (entry.get("sha256"), entry.get("bytes")) if isinstance(entry, dict) else (None, None)
        if not isinstance(digest, str) or not _HASH.fullmatch(digest):
            raise BadFileError(f"{source}: no SHA-256 of the file {log(name)}.")
        if not isinstance(size, int) or isinstance(size, bool) or size < 0:
            raise BadFileError(f"{source}: no size of the file {log(name)}.")
        found[name] = FileEntry(digest, size)
    return found


def check_name(name: Any, *, source: str) -> None:
    """See that a path stays within the case, on every system: plain names, joined by `/`, at most three.

    Raises
    ------
    BadFileError
        It leads out, or is a name that some system takes for something else.
    """
    parts = name.split("/") if isinstance(name, str) else []
    good = 0 < len(parts) <= _MOST_PARTS and all(_NAME.fullmatch(part) for part in parts)
    if not good or any(_RESERVED.fullmatch(part) for part in parts) or name == NAME:
        raise BadFileError(
            f"{source}: it names a file {log(repr(name))}, which no case has. It was not written by graphinvestigate; "
            "nothing of it was read."
        )


def versions() -> dict[str, str]:
    """Which versions are installed here of what has a say in what a case is rebuilt to."""
    found = {"python": platform.python_version(), "report": REPORT}
    for name in TOOLS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "unknown"
    return found


def dumped(value: Any) -> bytes:
    """Write JSON the one way that cases do: sorted, indented, ASCII, a line end at the end."""
    return json.dumps(value, sort_keys=True, indent=1, ensure_ascii=True, allow_nan=False).encode("ascii") + b"\n"


def in_pieces(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Put lines together to pieces of `PIECE` bytes, so that nothing long is held whole."""
    kept: list[bytes] = []
    held = 0
    for line in lines:
        kept.append(line)
        held += len(line)
        if held >= PIECE:
            yield b"".join(kept)
            kept, held = [], 0
    if kept:
        yield b"".join(kept)


def parsed(body: bytes, *, source: str, share: bool = False) -> Any:
    """Read JSON that nobody vouches for.

    Parameters
    ----------
    body : bytes
    source : str
        What to call it.
    share : bool
        Whether equal texts become one object: half the memory, where ids and times are said again and again.

    Raises
    ------
    BadFileError
        It is no JSON, names a member twice, or is nested deeper than any case.
    """
    made = _sharing() if share else _once
    try:
        return json.loads(body.decode("utf-8"), object_pairs_hook=made, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BadFileError(
            f"{source}: not the JSON that a case holds ({log(str(error))}). Take an undamaged copy of the case."
        ) from error


def _once(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a member stands there twice")
    return value


def _sharing() -> Callable[[list[tuple[str, Any]]], Mapping[str, Any]]:
    """Give an `_once` whose texts, also those in lists, are each there once."""
    known: dict[str, str] = {}

    def one(value: Any) -> Any:
        if type(value) is list:
            value[:] = map(one, value)
        return known.setdefault(value, value) if type(value) is str else value

    def once(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
        return _once([(name, one(value)) for name, value in pairs])

    return once


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
