"""Keyed pseudonyms: a value's own shape, another value, and the same for the same key wherever it stands."""

from __future__ import annotations

import hmac
import re
import struct
import uuid
from collections.abc import Collection

from graphinvestigate.cases.redaction import kept
from graphinvestigate.cases.redaction.addresses import AddressMap
from graphinvestigate.errors import UsageError
from graphinvestigate.linking.identifiers import object_id_of_sid

_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
_SHORTEST_KEY = 16
_GUID = re.compile(r"(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_SID = re.compile(r"(?i)S-1-\d+(?:-\d+){1,14}")
_WELL_KNOWN_SID = re.compile(r"(?i)S-1-(?:[0-4]|1[0156])-.*|S-1-5-(?!21-)\d+(?:-.*)?")
_RUN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2,3}(?=[0-9]{9})|[A-Za-z0-9]+")
_URL = re.compile(r"(?is)([a-z][a-z0-9+.-]*:/*)?(?:([^/?#@]*)@)?(\[[^\]]*\]|[^/?#:]*)(:\d*)?([^?#]*)(\?[^#]*)?(#.*)?")
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,8}")
_WORDS = frozenset(
    {
        *("urn", "mailentity", "mailclusterentity", "mailboxentity", "userentity", "directory", "subscriptions"),
        *("resourcegroups", "providers", "microsoft", "compute", "storage", "virtualmachines", "storageaccounts"),
        *("network", "keyvault", "vaults", "servers", "accounts", "security", "operationalinsights", "workspaces"),
    }
)
_DIGITS = 9  # of a number that stands for a shorter one, so that two do not meet


def fold(text: str) -> str:
    """Lower a text without changing its length, so that places in one are places in the other."""
    lowered = text.lower()
    return lowered if len(lowered) == len(text) else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def is_guid(text: str) -> bool:
    """Whether a text is a GUID and nothing else."""
    return _GUID.fullmatch(text) is not None


def key_bytes(key: str | bytes) -> bytes:
    """Check a key.

    Raises
    ------
    UsageError
        It is no text and no bytes, or shorter than 16: it could be guessed, and with it every name.
    """
    if not isinstance(key, str | bytes):
        raise UsageError("key is text or bytes: make one with secrets.token_hex(32), and keep it with the case.")
    found = key.encode() if isinstance(key, str) else key
    if len(found) < _SHORTEST_KEY:
        raise UsageError(
            f"the key has {len(found)} bytes and could be guessed, and with it every name: take at least "
            f"{_SHORTEST_KEY}, such as secrets.token_hex(32)."
        )
    return found


class Pseudonyms:
    """Pseudonyms by kind of value. All methods are pure: they depend on the key and the value alone.

    Parameters
    ----------
    key : bytes
        The case's key.
    keep : collection of str
        Values that stay as they are, in any case: an attacker's address that is to be shared.
    """

    def __init__(self, key: bytes, keep: Collection[str] = ()) -> None:
        self._key = key
        self.keep = frozenset(fold(value) for value in keep)
        self._addresses = AddressMap(key)

    def __repr__(self) -> str:
        return f"Pseudonyms(keep={len(self.keep)})"

    def _digest(self, kind: str, value: str) -> bytes:
        return hmac.digest(self._key, f"{kind}\x00{value}".encode("utf-8", "surrogatepass"), "sha256")

    def word(self, kind: str, value: str) -> str:
        """``user-k3f9a2qx5``: the kind, and nine characters of the keyed hash of the folded value."""
        return f"{kind}-{self._letters(self._digest(kind, fold(value.strip())), 9)}"

    def guid(self, value: str) -> str:
        """Another GUID of the same version; fillers and the ids that Microsoft gave its own services stay."""
        plain = value.lower()
        if not plain.strip("0-") or plain.startswith("0000000") or plain in self.keep:
            return value
        made = self._digest("guid", plain).hex()[:32]
        text = str(uuid.UUID(made))
        return f"{text[:14]}{plain[14]}{text[15:19]}{plain[19]}{text[20:]}"

    def sid(self, value: str) -> str:
        """Another SID; one that spells an Entra object id spells that id's pseudonym, well-known ones stay."""
        if _WELL_KNOWN_SID.fullmatch(value) and not object_id_of_sid(value.upper()):
            return value
        object_id = object_id_of_sid(value.upper())
        if object_id is not None:
            other = uuid.UUID(self.guid(object_id))
            return "S-1-12-1-" + "-".join(map(str, struct.unpack("<4I", other.bytes_le)))
        *head, last = value.upper().split("-")
        domain = "-".join(head)
        numbers = struct.unpack("<8I", self._digest("sid", domain))
        middle = [str(number) for number in numbers[: max(len(head) - 4, 0)]]
        if last.isdecimal() and len(last.lstrip("0")) > 3:  # below 1000 it says which built-in account it is
            last = str(1000 + int.from_bytes(self._digest("rid", value.upper())[:4], "big") % 2**31)
        return "-".join([*head[:4], *middle, last])

    def is_address(self, value: str) -> bool:
        """Whether a text is an IP address."""
        return self._addresses.text(value) is not None

    def ip(self, value: str) -> str:
        """Another address of the same family, as far from its neighbours as it was."""
        return value if fold(value) in self.keep else self._addresses.text(value) or self.opaque(value)

    def domain(self, name: str) -> str:
        """Label by label, ending in ``.example``; Microsoft's own domains stay."""
        plain = fold(name.strip().rstrip("."))
        if not plain or plain in self.keep or plain in kept.NETBIOS:
            return name
        for own in kept.DOMAINS:
            if plain == own or plain.endswith(f".{own}"):
                if own not in kept.SHARED_DOMAINS or plain == own:
                    return name
                return ".".join(map(self.label, plain[: -len(own) - 1].split("."))) + f".{own}"
        labels = plain.split(".")
        if len(labels) == 1:
            return self.label(plain)
        ending = self.word("tld", labels[-1])
        return ".".join([*map(self.label, labels[:-1]), f"t{ending[4:9]}", "example"])

    def label(self, label: str) -> str:
        """One label of a domain, or a NetBIOS name: the same word in both."""
        return label if fold(label) in self.keep | kept.NETBIOS else self.word("domain", label)

    def host(self, name: str) -> str:
        """A host's name, with its domain where it has one."""
        plain = fold(name.strip())
        if plain in self.keep or plain in kept.HOSTS:
            return name
        if self._addresses.text(plain) is not None:
            return self.ip(plain)
        first, dot, rest = plain.partition(".")
        return self.word("host", first) + (f".{self.domain(rest)}" if dot and rest else "")

    def user(self, name: str) -> str:
        """An account's name without its domain; a machine's account keeps its dollar."""
        plain = fold(name.strip())
        if plain in self.keep or plain in kept.ACCOUNTS:
            return name
        if plain.endswith("$") and len(plain) > 1:
            return f"{self.host(plain[:-1])}$"
        return self.word("user", plain)

    def email(self, address: str) -> str:
        """An address or a UPN: account and domain each become what they are elsewhere; guests stay guests."""
        plain = fold(address.strip())
        local, at, domain = plain.rpartition("@")
        if plain in self.keep or not at:
            return address if plain in self.keep else self.user(address)
        home, guest, rest = local.partition("#ext#")
        if guest and "_" in home:
            name, _, origin = home.rpartition("_")
            local = f"{self.user(name)}_{self.domain(origin)}#EXT#{rest}"
        else:
            local = self.user(local)
        return f"{local}@{self.domain(domain)}"

    def account(self, name: str) -> str:
        r"""``domain\user``, an address, or a bare account name."""
        if "@" in name:
            return self.email(name)
        domain, slash, user = name.rpartition("\\")
        return f"{self.label(domain) if domain else ''}{slash}{self.user(user)}"

    def person(self, name: str) -> str:
        """A person's name; one word is taken for an account, as it stands in both places."""
        plain = fold(name.strip())
        if plain in self.keep or plain in kept.ACCOUNTS:
            return name
        if "@" in plain:
            return self.email(plain)
        return self.word("person", " ".join(plain.split())) if " " in plain else self.user(plain)

    def subject(self, text: str) -> str:
        """The subject of a mail."""
        return text if fold(text) in self.keep else self.word("subject", text)

    def filename(self, name: str) -> str:
        """A file's name, its ending kept; the system's own files stay."""
        plain = fold(name.strip())
        if plain in self.keep or plain in kept.FILES or not plain.strip(". "):
            return name
        stem, dot, ending = plain.rpartition(".")
        kept_ending = f".{ending}" if dot and stem and _EXTENSION.fullmatch(f".{ending}") else ""
        return self.word("file", plain) + kept_ending

    def path(self, path: str) -> str:
        """A file's path: separators, drive and the system's own folders stay."""
        if fold(path) in self.keep:
            return path
        parts = re.split(r"([\\/]+)", path)
        if len(parts) > 2 and not parts[0] and re.fullmatch(r"\\{2,4}|//", parts[1]):
            parts[2] = self.host(parts[2])  # \\server\share
        names = range(0, len(parts), 2)
        last = names[-1]
        for at in names:
            above = fold(parts[at - 2]) if at > 1 else ""
            if not (at == 2 and not parts[0] and len(parts[1]) > 1):
                parts[at] = self._component(parts[at], above, last=at == last)
        return "".join(parts)

    def _component(self, part: str, above: str, *, last: bool) -> str:
        plain = fold(part.strip())
        if not plain.strip(".*?") or plain in kept.FOLDERS or re.fullmatch(r"[a-z]:|%[a-z()0-9_]+%", plain):
            return part
        if above in ("users", "home"):  # a profile's folder has its user's name
            return self.user(part)
        if last and "." in plain:
            return self.filename(part)
        return part if plain in self.keep | kept.FILES else self.word("folder", plain)

    def url(self, url: str) -> str:
        """A URL: its scheme, port and the names of its query stay."""
        found = _URL.fullmatch(url)
        if found is None or fold(url) in self.keep:
            return url
        scheme, account, host, port, path, query, fragment = (part or "" for part in found.groups())
        name = self._addresses.text(host)
        shown = (f"[{name}]" if host.startswith("[") else name) if name is not None else self.domain(host)
        parts = [scheme, f"{self.user(account)}@" if account else "", shown, port]
        parts.append("".join(self._segment(part) for part in re.split(r"(/)", path)))
        if query:
            pairs = [pair.partition("=") for pair in query[1:].split("&")]
            parts.append("?" + "&".join(f"{name}{equals}{self._segment(value)}" for name, equals, value in pairs))
        parts.append(f"#{self._segment(fragment[1:])}" if fragment else "")
        return "".join(parts)

    def _segment(self, part: str) -> str:
        if len(part) < 2:
            return part
        if _GUID.search(part):
            return self.opaque(part)
        return self._letters(self._digest("segment", part), 10)

    @staticmethod
    def _letters(digest: bytes, size: int) -> str:
        number = int.from_bytes(digest * (size // 48 + 1), "big")
        return "".join(_LETTERS[number >> 5 * at & 31] for at in range(size))

    def opaque(self, value: str) -> str:
        """An id: signs stay, digits become digits, hexadecimal stays hexadecimal; GUIDs within are GUIDs."""
        plain = value.strip()
        if fold(plain) in self.keep or not plain.strip("0-_ "):
            return value
        if _SID.fullmatch(plain):
            return self.sid(plain)
        if self.is_address(plain):
            return self.ip(plain)
        if "@" in plain:  # a message's id: its domain is a domain
            local, _, domain = plain.rpartition("@")
            end = ">" if domain.endswith(">") else ""
            return f"{self.opaque(local)}@{self.domain(domain.removesuffix('>'))}{end}"
        pieces = []
        start = 0
        for found in _GUID.finditer(plain):
            pieces += [self._runs(plain[start : found.start()], plain), self.guid(found[0])]
            start = found.end()
        return "".join([*pieces, self._runs(plain[start:], plain)])

    def _runs(self, text: str, whole: str) -> str:
        return _RUN.sub(lambda found: self._run(found[0], f"{fold(whole)}\x00{found.start()}"), text)

    def _run(self, run: str, where: str) -> str:
        digest = self._digest("id", f"{where}\x00{fold(run)}")
        number = int.from_bytes(digest * (len(run) // 64 + 1), "big")
        if fold(run) in _WORDS or (len(run) <= 3 and run.isalpha()):  # ra…, da…, fa…: which product it came from
            return run
        if run.isdigit():
            size = max(len(run), _DIGITS)
            return str(10 ** (size - 1) + number % (9 * 10 ** (size - 1)))
        if re.fullmatch(r"(?i)[0-9a-f]{6,}", run):
            return f"{number:x}".rjust(len(run), "0")[-len(run) :]
        return self._letters(digest, len(run))
