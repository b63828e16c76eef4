"""What keeps the bytes of answers while frames slice them: whole, or compressed in blocks that are read one by one.

An alert takes 4 to 5 kB of JSON, a tenth of that compressed. A pull keeps its first pages whole and packs those that
come after them, so that a million alerts fit in a session, and nobody has to ask for it. It stays in memory: nothing
is written to a disk, so nothing can be left there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

WHOLE = 64 * 2**20  # bytes of one pull that stay whole
_BLOCK = 2**17  # bytes compressed together: enough to find repetitions, few enough to look one record up
_SMALL = 2**15  # bytes that are not worth it
_LEVEL = 1  # zstd: a quarter of the time of its default for a tenth more bytes


class Body:
    """The bytes of one answer; shared by all that slice it. Packing changes how they are kept, never what they are.

    Parameters
    ----------
    whole : bytes-like
    """

    __slots__ = ("_blocks", "_size", "_whole")

    def __init__(self, whole: Any) -> None:
        self._whole: Any = whole
        self._size = len(whole)
        self._blocks: tuple[bytes, ...] = ()

    @classmethod
    def of(cls, body: Any) -> Body:
        """Give a body as it is, and make one of bytes."""
        return body if isinstance(body, cls) else cls(body)

    def __len__(self) -> int:
        return self._size

    @property
    def packed(self) -> bool:
        """Whether it is kept compressed."""
        return self._whole is None

    @property
    def held(self) -> int:
        """Bytes of memory that it takes."""
        whole = self._whole
        return len(whole) if whole is not None else sum(map(len, self._blocks))

    def pack(self) -> None:
        """Keep it compressed from now on. Who reads it meanwhile, or holds slices of it, notices nothing."""
        whole = self._whole
        if whole is None or self._size < _SMALL:
            return
        codec, view = _codec(), memoryview(whole)
        self._blocks = tuple(
            codec.compress(view[start : start + _BLOCK], asbytes=True) for start in range(0, self._size, _BLOCK)
        )
        self._whole = None  # last: until here the whole is what is read

    def whole(self) -> bytes:
        """Give all bytes."""
        whole: bytes | None = self._whole
        if whole is not None:
            return whole
        return b"".join(self._block(number) for number in range(len(self._blocks)))

    def pieces(self, offsets: Sequence[int], lengths: Sequence[int]) -> list[Any]:
        """Cut pieces out.

        Parameters
        ----------
        offsets, lengths : sequence of int

        Returns
        -------
        list of bytes-like
            Slices, where it is whole; else bytes of their own, each block unpacked once.
        """
        whole = self._whole
        if whole is not None:
            view = memoryview(whole)
            return [view[start : start + length] for start, length in zip(offsets, lengths, strict=True)]
        found: list[Any] = [b""] * len(offsets)
        held, block = -1, memoryview(b"")
        for at in sorted(range(len(offsets)), key=offsets.__getitem__):
            start, end = offsets[at], offsets[at] + lengths[at]
            parts = []
            for number in range(start // _BLOCK, -(-end // _BLOCK)):
                if number != held:
                    held, block = number, memoryview(self._block(number))
                begin = number * _BLOCK
                parts.append(block[max(0, start - begin) : end - begin])
            found[at] = b"".join(parts)
        return found

    def _block(self, number: int) -> bytes:
        size = min(_BLOCK, self._size - number * _BLOCK)
        unpacked: bytes = _codec().decompress(self._blocks[number], decompressed_size=size, asbytes=True)
        return unpacked


class Room:
    """Says which answers of one pull stay whole: the first ones; those beyond are packed.

    Parameters
    ----------
    whole : int
        Bytes.
    """

    def __init__(self, whole: int = WHOLE) -> None:
        self._left = whole

    def holds(self, body: Body) -> bool:
        """Count an answer, and tell whether it may stay whole.

        Parameters
        ----------
        body : Body

        Returns
        -------
        bool
        """
        self._left -= len(body)
        return self._left >= 0


def _codec() -> Any:
    import pyarrow as pa  # not before it is needed: the client starts without it

    return pa.Codec("zstd", compression_level=_LEVEL)
