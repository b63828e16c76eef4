"""Seeded draws: generators, identifiers and times that are the same in every process and on every platform.

Times inside the demo tenant are ticks: 100-nanosecond steps since 1970, the precision Microsoft Graph shows.
"""

from __future__ import annotations

import random
import struct
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

SECOND = 10_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_MASK = (1 << 64) - 1
_DOTNET_EPOCH = 621_355_968_000_000_000
T = TypeVar("T")


def generator(seed: int, *name: object) -> random.Random:
    """A generator of its own for one named part of a seed's tenant (text seeds do not use `hash()`)."""
    return random.Random("/".join(map(str, (seed, *name))))


def numbered(base: int, number: int) -> random.Random:
    """A generator of its own for the `number`-th record of the series that `base` names."""
    return random.Random(mix((base + number) & _MASK))


@lru_cache(maxsize=256)
def salt(seed: int, *name: object) -> int:
    """64 bits that belong to one named part of a seed's tenant."""
    return generator(seed, *name).getrandbits(64)


def bulk(seed: int, name: str, count: int) -> NDArray[np.uint32]:
    """`count` draws of 32 bits at once, shape (count,)."""
    return np.frombuffer(generator(seed, name).randbytes(4 * count), dtype="<u4")


def mix(number: int) -> int:
    """Shuffle 64 bits one to one (the SplitMix64 finaliser): different numbers stay different."""
    number = (number + 0x9E3779B97F4A7C15) & _MASK
    number = ((number ^ (number >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    number = ((number ^ (number >> 27)) * 0x94D049BB133111EB) & _MASK
    return number ^ (number >> 31)


def guid(base: int, number: int) -> str:
    """The `number`-th GUID of the series that `base` names."""
    high, low = mix((base + number) & _MASK), mix(base ^ ((number << 20) & _MASK) ^ 0x5DEECE66D)
    low = (low & 0x3FFFFFFFFFFFFFFF) | 0x8000000000000000
    high = (high & 0xFFFFFFFFFFFF0FFF) | 0x4000
    text = f"{high:016x}{low:016x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def hex_digits(base: int, number: int, digits: int) -> str:
    """The `number`-th hexadecimal text of `digits` digits in the series that `base` names."""
    first = mix((base + number) & _MASK)
    parts = [f"{first:016x}"]
    while 16 * len(parts) < digits:
        parts.append(f"{mix(first + len(parts)):016x}")
    return "".join(parts)[:digits]


def signed32(base: int, number: int) -> int:
    """A signed 32-bit number, different for each `number` below 2**32."""
    value = (number * 2_654_435_761 + base) & 0xFFFFFFFF
    return value - (1 << 32) if value >> 31 else value


def sid_of(object_id: str) -> str:
    """The SID under which Windows knows an Entra object: its four little-endian words."""
    return "S-1-12-1-" + "-".join(map(str, struct.unpack("<4I", uuid.UUID(object_id).bytes_le)))


def to_ticks(moment: datetime) -> int:
    """Ticks since 1970 of an aware datetime."""
    delta = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * SECOND + delta.microseconds * 10


def to_datetime(ticks: int) -> datetime:
    """The aware UTC datetime of ticks, cut to microseconds."""
    seconds, rest = divmod(int(ticks), SECOND)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 10)


def dotnet_ticks(ticks: int) -> int:
    """Ticks since the year 1, as alert ids of Defender for Endpoint carry them."""
    return _DOTNET_EPOCH + int(ticks)


def stamp(ticks: int) -> str:
    """The time as Graph writes it: UTC, 0 to 7 fractional digits, trailing zeros trimmed."""
    seconds, rest = divmod(int(ticks), SECOND)
    text = datetime.fromtimestamp(seconds, UTC).isoformat()[:19]
    return f"{text}.{rest:07d}".rstrip("0") + "Z" if rest else text + "Z"


def coarse(ticks: int, rng: random.Random) -> int:
    """The same time to a precision drawn between whole seconds and full ticks, never later."""
    return ticks - ticks % rng.choice(PRECISIONS)


PRECISIONS = (1, 1, 1, 10, 100, 10_000, 10_000, 100_000, 1_000_000, SECOND)


def weighted(rng: random.Random, options: Sequence[tuple[T, int]]) -> T:
    """One of the options, each as likely as its whole-number weight."""
    point = rng.randrange(sum(weight for _, weight in options))
    for option, weight in options:
        point -= weight
        if point < 0:
            return option
    raise AssertionError("weights add up")
