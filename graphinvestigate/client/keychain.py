"""A signed-in person's tokens, kept in the system's keychain or not at all."""

from __future__ import annotations

import importlib
import json
import os
from pathlib import Path
from typing import Any

from graphinvestigate import text
from graphinvestigate.client.clouds import Cloud
from graphinvestigate.errors import UsageError
from graphinvestigate.files import private_folder, sha256

_NOT_AT_ALL = "Tokens are never kept in a plain file. Leave persist= out to sign in once per session."


def token_cache(*, cloud: Cloud, tenant_id: str, client_id: str) -> Any:
    """Open the encrypted token cache of one app in one tenant of one cloud.

    Parameters
    ----------
    cloud : Cloud
        Where.
    tenant_id, client_id : str
        The tenant and the app registration.

    Returns
    -------
    msal.SerializableTokenCache
        What msal takes as `token_cache`. It is encrypted by the system: DPAPI, Keychain or Secret Service.

    Raises
    ------
    UsageError
        The package that speaks to keychains is not installed, or this machine has no keychain.
    """
    try:
        extensions = importlib.import_module("msal_extensions")
    except ImportError as error:
        raise UsageError(
            f'persist=True needs the keychain: pip install "graphinvestigate[keychain]". {_NOT_AT_ALL}'
        ) from error
    # One per app and tenant: an account that signed in elsewhere must not be found here.
    name = sha256(json.dumps([cloud.name, cloud.authority, tenant_id.lower(), client_id.lower()]))
    try:
        file = private_folder(_folder()) / name[:32]
        persistence = extensions.build_encrypted_persistence(str(file))
    except (ImportError, ValueError, RuntimeError, OSError) as error:
        raise UsageError(
            f"This machine offers no keychain to keep tokens in ({text.log(str(error)).rstrip('.')}). {_NOT_AT_ALL}"
        ) from error
    if not persistence.is_encrypted:
        raise UsageError(f"This machine's keychain does not encrypt. {_NOT_AT_ALL}")
    return extensions.PersistedTokenCache(_Readable(persistence))


def _folder() -> Path:
    base = os.environ.get("LOCALAPPDATA") or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "graphinvestigate" / "tokens"


class _Readable:
    """Takes damaged content for none: the person signs in again, and no error holds the content."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.is_encrypted: bool = inner.is_encrypted

    def load(self) -> str:
        content = self._inner.load()
        try:
            json.loads(content)
        except (ValueError, TypeError, RecursionError):
            return ""
        return content

    def save(self, content: str) -> None:
        self._inner.save(content)

    def time_last_modified(self) -> float:
        return self._inner.time_last_modified()

    def get_location(self) -> str:
        return self._inner.get_location()
