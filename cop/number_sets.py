"""Sets of records, by their numbers in `site.db`, as blocks of bits: quick to join, to cut and to count. Pure.

Of 100,000 records, those on a topic take 13 KB, and how many of them are also toolkits is known in microseconds.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

BLOCK = 16_384  # numbers in a block: at most two kilobytes, so that one more record writes little


@dataclass(frozen=True)
class NumberSet:
    """Numbers of records."""

    blocks: Mapping[int, int]  # number of the block to its bits

    def __and__(self, other: "NumberSet") -> "NumberSet":
        return NumberSet({at: both for at, bits in self.blocks.items() if (both := bits & other.blocks.get(at, 0))})

    def __or__(self, other: "NumberSet") -> "NumberSet":
        blocks = dict(self.blocks)
        for at, bits in other.blocks.items():
            blocks[at] = blocks.get(at, 0) | bits
        return NumberSet(blocks)

    def __sub__(self, other: "NumberSet") -> "NumberSet":
        return NumberSet({at: left for at, bits in self.blocks.items() if (left := bits & ~other.blocks.get(at, 0))})

    def __len__(self) -> int:
        return sum(bits.bit_count() for bits in self.blocks.values())

    def __contains__(self, number: int) -> bool:
        return bool(self.blocks.get(number // BLOCK, 0) >> number % BLOCK & 1)

    def __iter__(self) -> Iterator[int]:
        """
        >>> list(of([70_000, 3, 5]))
        [3, 5, 70000]
        """
        for at in sorted(self.blocks):
            bits = self.blocks[at]
            while bits:
                lowest = bits & -bits
                yield at * BLOCK + lowest.bit_length() - 1
                bits ^= lowest


NONE = NumberSet({})


def of(numbers: Iterable[int]) -> NumberSet:
    """The set of these numbers.

    >>> len(of([1, 2, 2]) & of([2, 3])), 2 in of([2]), 2 + BLOCK in of([2])
    (1, True, False)
    """
    blocks: dict[int, bytearray] = {}
    for number in numbers:
        block = blocks.setdefault(number // BLOCK, bytearray(BLOCK // 8))
        block[number % BLOCK // 8] |= 1 << number % 8
    return NumberSet({at: int.from_bytes(block, "little") for at, block in blocks.items()})


def to_bytes(bits: int) -> bytes:
    """A block as it is stored: no longer than it must be."""
    return bits.to_bytes((bits.bit_length() + 7) // 8, "little")


def from_bytes(stored: bytes) -> int:
    """A stored block.

    >>> from_bytes(to_bytes(1 << 4000)) == 1 << 4000
    True
    """
    return int.from_bytes(stored, "little")
