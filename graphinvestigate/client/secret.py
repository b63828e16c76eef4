"""A value that does not show itself: tokens, client secrets, and the objects that know them."""

from __future__ import annotations

from typing import Any, Generic, NoReturn, TypeVar

from graphinvestigate.errors import UsageError

T = TypeVar("T")


class Secret(Generic[T]):
    """Holds a value that no repr, log, traceback, copy or file may show.

    Parameters
    ----------
    value
        What to hold. :meth:`reveal` gives it back; call it where the value is used, and keep no name for it.
    """

    __slots__ = ("_value",)

    def __init__(self, value: T) -> None:
        self._value = value

    def reveal(self) -> T:
        """Give the value back."""
        return self._value

    def hide_in(self, text: str) -> str:
        """Replace the value, wherever it stands in a text, by an ellipsis."""
        return text.replace(self._value, "…") if isinstance(self._value, str) and self._value else text

    def __repr__(self) -> str:
        return "Secret(…)"

    def __format__(self, spec: str) -> str:
        return "Secret(…)"

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("a secret is not copied or written to a file")

    def __getstate__(self) -> NoReturn:
        raise TypeError("a secret is not copied or written to a file")


def as_secret(value: T | Secret[T] | None) -> Secret[T] | None:
    """Wrap what a caller handed over, whatever it is, before anything can fail.

    Parameters
    ----------
    value
        What the caller gave.

    Returns
    -------
    Secret or None
    """
    return value if value is None or isinstance(value, Secret) else Secret(value)


def check_text(secret: Secret[Any] | None, *, name: str) -> None:
    """Refuse a secret that is no text.

    Parameters
    ----------
    secret : Secret or None
        What was wrapped.
    name : str
        The argument's name, for the message.

    Raises
    ------
    UsageError
        It is something else than text, or empty.
    """
    if secret is None or (isinstance(secret.reveal(), str) and secret.reveal().strip()):
        return
    raise UsageError(f"{name}= must be a text that is not empty.")
