"""Every error graphinvestigate raises. Each says what happened and what to do next.

GraphInvestigateError
├── UsageError                  a wrong argument: nothing was asked of Graph
├── EntityNotFoundError         the entity graph holds nothing of that name
├── AmbiguousEntityError        it holds several
├── AuthError                   no token, or the token was refused
├── NetworkError                no answer: name, connection, TLS, time-out
├── BadResponseError            an answer that is not what Graph sends
│   ├── ProxyInterceptError     a web page instead of JSON (captive portal, proxy login)
│   └── PagingLoopError         next links that lead back to where they came from
├── BadFileError                a file that holds no Graph records, or a case that is damaged
├── NotSavedError               a case or report could not be written; what was there before still is
├── EndpointRetiredError        Graph no longer offers this; it names what took its place
├── GraphError                  Graph answered with an error
│   ├── BadRequestError         400: it did not understand the query
│   ├── PermissionMissingError  403: the app or the user may not read this
│   ├── LicenceMissingError     403: the tenant has no licence for this
│   ├── RecordNotFoundError     404: no such record
│   ├── ThrottledError          429: too many requests, and waiting longer than allowed
│   └── ServiceError            5xx, after all retries
├── RedactionLeakError          a redacted copy would still name somebody: nothing was returned
├── SecretFoundError            a notebook holds a token, a key or a password: nothing was written
├── StoppedError                you stopped it: what came until then is kept
└── PartialResultError          some pages came, then it stopped: what came is in `.frame`
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any


class GraphInvestigateError(Exception):
    """The base of every error this package raises.

    Attributes
    ----------
    change_unknown : bool
        Whether a change was sent and may have been made all the same: its answer never came, or was a failure.
    pull_id : str or None
        The request in `coverage(client)` that failed with it.
    """

    change_unknown: bool = False
    pull_id: str | None = None


class UsageError(GraphInvestigateError, ValueError):
    """An argument that cannot be right; nothing was asked of Graph."""


class EntityNotFoundError(GraphInvestigateError, LookupError):
    """The entity graph holds no such entity.

    Attributes
    ----------
    near : tuple
        Entities whose names come close, best first.
    """

    def __init__(self, message: str, *, near: Sequence[Any] = ()) -> None:
        super().__init__(message)
        self.near = tuple(near)


class AmbiguousEntityError(GraphInvestigateError, LookupError):
    """The name fits several entities.

    Attributes
    ----------
    candidates : tuple of Entity
        All entities it fits, in the graph's order.
    """

    def __init__(self, message: str, *, candidates: Sequence[Any] = ()) -> None:
        super().__init__(message)
        self.candidates = tuple(candidates)


class AuthError(GraphInvestigateError):
    """Sign-in failed, or Graph refused the token.

    Attributes
    ----------
    code : str or None
        Entra's `AADSTS…` code or Graph's error code.
    correlation_id : str or None
        What Microsoft support asks for.
    """

    def __init__(self, message: str, *, code: str | None = None, correlation_id: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.correlation_id = correlation_id


class NetworkError(GraphInvestigateError):
    """No answer came: name resolution, connection, TLS or time-out.

    Attributes
    ----------
    host : str or None
        The host that was asked.
    attempts : int
        How often it was tried.
    """

    def __init__(self, message: str, *, host: str | None = None, attempts: int = 1) -> None:
        super().__init__(message)
        self.host = host
        self.attempts = attempts


class BadResponseError(GraphInvestigateError):
    """An answer that is not what Graph sends (no JSON, no `value`, too large)."""


class ProxyInterceptError(BadResponseError):
    """Something between here and Graph answered with a web page."""


class PagingLoopError(BadResponseError):
    """The next links lead back to a page that was read already."""


class BadFileError(GraphInvestigateError, ValueError):
    """A file, or bytes, that hold no Graph records; a case that is none, is damaged, or is of a later version."""


class NotSavedError(GraphInvestigateError, OSError):
    """A case could not be written: no room, no right, or another process is saving it. The older one is untouched."""


class StoppedError(GraphInvestigateError):
    """What waited or asked was stopped (see ``client.stop``). A pull that was under way keeps the pages that came."""


class EndpointRetiredError(GraphInvestigateError):
    """Graph no longer offers this: an empty answer from it would say nothing.

    Attributes
    ----------
    successor : str
        What to ask instead.
    """

    def __init__(self, message: str, *, successor: str) -> None:
        super().__init__(message)
        self.successor = successor


class GraphError(GraphInvestigateError):
    """Graph answered with an error.

    Attributes
    ----------
    status : int
        The HTTP status.
    code : str
        Graph's `error.code`; may be empty.
    request_id : str or None
        Graph's `request-id`: what Microsoft support asks for.
    url : str
        What was asked, without its query (queries hold user names).
    permission : str or None
        The least permission that the call needs, where it is known.
    retry_after_seconds : float or None
        How long Graph asked to wait.
    attempts : int
        How often it was tried.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int,
        code: str = "",
        request_id: str | None = None,
        url: str = "",
        permission: str | None = None,
        retry_after_seconds: float | None = None,
        attempts: int = 1,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.request_id = request_id
        self.url = url
        self.permission = permission
        self.retry_after_seconds = retry_after_seconds
        self.attempts = attempts


class BadRequestError(GraphError):
    """400: Graph did not understand the query (usually the filter)."""


class PermissionMissingError(GraphError):
    """403: the app registration or the signed-in user may not read this."""


class LicenceMissingError(GraphError):
    """403: the tenant has no licence for this resource."""


class RecordNotFoundError(GraphError):
    """404: there is no such record (or this account may not see it)."""


class ThrottledError(GraphError):
    """429, and the wait Graph asks for is longer than the time left."""


class ServiceError(GraphError):
    """A 5xx answer that stayed after all retries."""


class RedactionLeakError(GraphInvestigateError):
    """A redacted copy would still hold an original value; nothing was returned.

    Attributes
    ----------
    leaks : list of Leak
        What, in which spelling, how often, and in which of the things that were redacted.
    """

    def __init__(self, message: str, *, leaks: Sequence[Any] = ()) -> None:
        super().__init__(message)
        self.leaks = list(leaks)


class SecretFoundError(GraphInvestigateError):
    """A notebook that is to be shared holds secrets; nothing was written.

    Attributes
    ----------
    secrets : list of (int, str)
        The number of the cell (0: the notebook's metadata) and the kind of secret, never the secret.
    """

    def __init__(self, message: str, *, secrets: Sequence[tuple[int, str]] = ()) -> None:
        super().__init__(message)
        self.secrets = list(secrets)


class PartialResultError(GraphInvestigateError):
    """Some pages came and were kept, then the pull stopped.

    Attributes
    ----------
    frame : pandas.DataFrame
        Every row that came, in the resource's own columns.
    missing : str
        What is known to be missing, in words.
    resume : callable or None
        Call it without arguments to go on where the pull stopped; it returns the complete frame.
    """

    def __init__(self, message: str, *, frame: Any, missing: str, resume: Callable[[], Any] | None = None) -> None:
        super().__init__(message)
        self.frame = frame
        self.missing = missing
        self.resume = resume
