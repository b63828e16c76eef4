"""The table of originals, kept apart and encrypted, for whoever may look behind the pseudonyms.

Encrypted with Fernet of the library `cryptography`, which sign-in brings anyway: a recipe without choices to get wrong
(AES-CBC with an HMAC over everything), kept by the Python Cryptographic Authority. The passphrase becomes a key with
scrypt, so that guessing costs memory and time.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
from pathlib import Path
from typing import Any

import pandas as pd

from graphinvestigate.errors import BadFileError, UsageError
from graphinvestigate.exports.places import checked, unwritten
from graphinvestigate.files import write_atomic
from graphinvestigate.wanted import takes

_FORMAT = "graphinvestigate lookup"
_COST = {"n": 2**15, "r": 8, "p": 1}
_HIGHEST_COST = {"n": 2**20, "r": 16, "p": 4}
_SHORTEST = 12
_LARGEST = 256 * 2**20


def write_lookup(
    table: pd.DataFrame, path: str | os.PathLike[str], passphrase: str, *, overwrite: bool = False
) -> Path:
    """Write a table, encrypted, readable for this account only.

    Parameters
    ----------
    table : DataFrame
        Columns of texts and numbers.
    path : path
        The file.
    passphrase : str
        At least 12 characters; not the key of the redaction, so that either can be handed on without the other.
    overwrite : bool
        Whether a file that is there may be replaced.

    Returns
    -------
    Path

    Raises
    ------
    UsageError
        The passphrase is short, or the path cannot be written safely.
    """
    if not isinstance(passphrase, str) or len(passphrase) < _SHORTEST:
        raise UsageError(
            f"the passphrase has fewer than {_SHORTEST} characters and could be guessed: take a longer one."
        )
    from cryptography.fernet import Fernet

    target = checked(path, overwrite=overwrite)
    salt = secrets.token_bytes(16)
    rows = {str(name): table[name].astype(object).where(table[name].notna(), None).tolist() for name in table.columns}
    content = {
        "format": _FORMAT,
        "version": 1,
        "scrypt": {**_COST, "salt": base64.b64encode(salt).decode("ascii")},
        "fernet": Fernet(_key(passphrase, salt, _COST)).encrypt(json.dumps(rows).encode()).decode("ascii"),
    }
    try:
        return write_atomic(target, json.dumps(content, indent=1) + "\n", private=True)
    except OSError as error:
        raise unwritten(target, error) from error


@takes
def open_lookup(path: str | os.PathLike[str], passphrase: str) -> pd.DataFrame:
    """Read the table of originals that `Redactor.save_lookup` wrote.

    Parameters
    ----------
    path : path
        The file.
    passphrase : str
        As it was given then.

    Returns
    -------
    DataFrame
        One row per value: ``original``, ``pseudonym``, ``kind``, ``how``, ``texts``, ``left``.

    Raises
    ------
    BadFileError
        It is not there, cannot be read, is no such file, was changed, or the passphrase is another.
    """
    from cryptography.fernet import Fernet, InvalidToken

    source = Path(path)
    try:
        if source.stat().st_size > _LARGEST:
            raise BadFileError(f"{source.name} is larger than any lookup table.")
        held = source.read_bytes()
    except OSError as error:
        raise BadFileError(f"{source.name} cannot be read: {error.strerror}. Name the file of save_lookup.") from error
    try:
        content = json.loads(held)
        cost = {name: int(content["scrypt"][name]) for name in _COST}
        salt, token = base64.b64decode(content["scrypt"]["salt"]), str(content["fernet"])
        known = content["format"] == _FORMAT and content["version"] == 1
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadFileError(f"{source.name} is no lookup table: name the file that save_lookup wrote.") from error
    if not known or any(not 0 < cost[name] <= highest for name, highest in _HIGHEST_COST.items()):
        raise BadFileError(f"{source.name} is a lookup table of a later version: open it with that one.")
    try:
        rows: dict[str, list[Any]] = json.loads(Fernet(_key(passphrase, salt, cost)).decrypt(token.encode("ascii")))
    except (InvalidToken, ValueError) as error:
        raise BadFileError(
            f"{source.name} does not open: the passphrase is another, or the file was changed."
        ) from error
    table = pd.DataFrame(rows)
    return table.astype({name: "Int64" if name in ("texts", "left") else "str" for name in table.columns})


def _key(passphrase: str, salt: bytes, cost: dict[str, int]) -> bytes:
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    return base64.urlsafe_b64encode(Scrypt(salt=salt, length=32, **cost).derive(passphrase.encode()))
