"""Names for people."""

from __future__ import annotations

import pytest

from graphinvestigate.linking.labels import IDENTIFIER_WORDS, identifier_words


@pytest.mark.parametrize(
    ("id_type", "words"),
    [
        ("sha1", "SHA-1 hashes"),
        ("ip", "addresses"),
        ("upn", "user names"),
        ("device_object_id", "directory ids of the device"),
        ("local_fqdn", "full host names in a private domain"),
        ("iot_device_id", "iot device ids"),
    ],
)
def test_several_identifiers_are_called_as_people_call_them(id_type: str, words: str) -> None:
    """The word that stands for the thing is in the plural, whatever says more of it."""
    assert identifier_words(id_type) == words
    assert not any(identifier_words(one).endswith("hs") for one in IDENTIFIER_WORDS)
