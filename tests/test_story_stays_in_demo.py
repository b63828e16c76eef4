"""The demo's story lives in `demo/` alone: the product finds it, nothing else may know it."""

from __future__ import annotations

import dataclasses
import ipaddress
import json
import re
import subprocess
from pathlib import Path

import pytest

import graphinvestigate
from graphinvestigate.demo.tenant import build_tenant

ROOT = Path(graphinvestigate.__file__).parent
REPOSITORY = Path(__file__).resolve().parents[1]


def words_of(value: object) -> set[str]:
    """Every string of a truth, however deep."""
    if isinstance(value, str):
        return {value}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return words_of([getattr(value, field.name) for field in dataclasses.fields(value)])
    if isinstance(value, dict):
        return words_of([*value.keys(), *value.values()])
    if isinstance(value, list | tuple | set | frozenset):
        return {word for item in value for word in words_of(item)}
    return set()


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_no_name_id_or_address_of_a_story_occurs_outside_demo(seed: int) -> None:
    """No string that tells a story apart (a name, an id, an address) stands in the package outside `demo/`."""
    truth = build_tenant(seed, 120, attack=True).truth
    telling = {word.lower() for word in words_of(truth) if len(word) >= 6 and any(c in word for c in "-.@_0123456789")}
    assert len(telling) >= 8, "the truth names users, hosts, addresses and ids"
    for path in sorted(ROOT.rglob("*")):
        if path.suffix not in {".py", ".json", ".js", ".css", ".html"} or "demo" in path.relative_to(ROOT).parts:
            continue
        text = path.read_text(encoding="utf-8").lower()
        assert [word for word in telling if word in text] == [], path


# Names that nobody can own (RFC 2606, RFC 6761), and Microsoft's own: examples of its documentation, and Graph.
NOBODYS = re.compile(
    r"(?:.+\.)?(?:example|test|invalid|localhost|example\.(?:com|net|org)|contoso\.com|fabrikam\.com|microsoft\.com)"
)
ACCOUNT = re.compile(r"(?i)[a-z0-9._%+-]+@([a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,})")
TEXTS = {".py", ".md", ".ipynb", ".json", ".jsonl", ".txt", ".toml", ".yml", ".js", ".html"}


def strangers(text: str) -> list[str]:
    """Accounts in domains that somebody may own; a decorator or a field of OData is none."""
    return [one[0] for one in ACCOUNT.finditer(text) if not NOBODYS.fullmatch(one[1].lower().removeprefix("odata."))]


def test_no_file_names_anybodys_account() -> None:
    """Every account in the repository is in a domain that is nobody's: nothing here came from a real tenant."""
    read = 0
    asked = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]  # all but what is ignored
    listed = subprocess.run(asked, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    for path in sorted(REPOSITORY / name for name in listed.split("\0") if name):
        if path.suffix not in TEXTS or not path.is_file():
            continue
        read += 1
        found = [one for one in strangers(path.read_text(encoding="utf-8", errors="replace")) if "@odata." not in one]
        assert found == [], path
    assert read > 300
    assert strangers("from alice@woodgrove" + "bank.com to b@contoso.test") == ["alice@woodgrove" + "bank.com"]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_demo_names_nobody(seed: int) -> None:
    """Accounts and public addresses of a demo tenant are of those that documentation may use."""
    told = json.dumps(
        {n: list(rows) for n, rows in build_tenant(seed, 60, attack=True).collections.items()}, default=str
    )
    assert len(set(ACCOUNT.findall(told))) >= 2
    assert strangers(told) == []
    addresses = set(re.findall(r'"((?:\d{1,3}\.){3}\d{1,3})"', told))
    public = [ip for text in addresses if (ip := ipaddress.ip_address(text)).is_global]
    assert len(addresses) > 10
    assert public == []  # 192.0.2.0/24 and its like are no part of the internet
