"""The Merkle tree of RFC 6962 (RFC 9162, section 2.1): roots and proofs.

Belongs here: pure functions over hashes. Does not: entries, signatures, storage.

A leaf hash is SHA-256 of 0x00 and the entry, a node is SHA-256 of 0x01 and its
two children, and the root of no entries is SHA-256 of nothing. Proofs are computed
from the hashes of complete subtrees, so that one needs O(log n) look-ups.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

EMPTY_ROOT = hashlib.sha256(b"").digest()
"""Root of a tree without entries."""

NodeAt = Callable[[int, int], bytes]
"""Hash of the complete subtree of 2**level leaves that ends with the leaf `ends_at`."""


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of one entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass
class Frontier:
    """The right edge of a growing tree: one complete subtree for each bit of its size."""

    size: int = 0
    peaks: list[bytes] = field(default_factory=list)

    @classmethod
    def at(cls, size: int, node_at: NodeAt) -> Frontier:
        """Return the right edge of a stored tree."""
        return cls(size, [node_at(end, level) for end, level in _peaks(0, size)])

    def push(self, leaf: bytes) -> list[tuple[int, bytes]]:
        """Add a leaf; return (level, hash) of each inner node it completes."""
        made: list[tuple[int, bytes]] = []
        level, bits = 0, self.size
        while bits & 1:
            level += 1
            leaf = node_hash(self.peaks.pop(), leaf)
            made.append((level, leaf))
            bits >>= 1
        self.peaks.append(leaf)
        self.size += 1
        return made

    @property
    def root(self) -> bytes:
        """Root of the tree so far."""
        return _fold(self.peaks)


def root_at(size: int, node_at: NodeAt) -> bytes:
    """Return the root of the first `size` leaves."""
    return _fold([node_at(end, level) for end, level in _peaks(0, size)])


def inclusion_proof(index: int, size: int, node_at: NodeAt) -> list[bytes]:
    """Return the audit path of a leaf in the tree of the first `size` leaves."""
    if not 0 <= index < size:
        raise ValueError("the entry is not in a tree of this size")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        split = start + _largest_power_below(end - start)
        if index < split:
            path.append(_range(split, end, node_at))
            end = split
        else:
            path.append(_range(start, split, node_at))
            start = split
    return path[::-1]


def consistency_proof(old: int, new: int, node_at: NodeAt) -> list[bytes]:
    """Return the proof that the first `old` leaves begin the tree of `new` leaves."""
    if not 0 <= old <= new:
        raise ValueError("the older tree is larger than the newer one")
    if old in (0, new):
        return []
    proof: list[bytes] = []
    start, end, whole = 0, new, True
    while old != end:
        split = start + _largest_power_below(end - start)
        if old <= split:
            proof.append(_range(split, end, node_at))
            end = split
        else:
            proof.append(_range(start, split, node_at))
            start, whole = split, False
    if not whole:
        proof.append(_range(start, end, node_at))
    return proof[::-1]


def root_from_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """Return the root an audit path leads to, or None if the path cannot be one."""
    if not 0 <= index < size:
        return None
    fn, sn, root = index, size - 1, leaf
    for sibling in path:
        if sn == 0:
            return None
        if fn & 1 or fn == sn:
            root = node_hash(sibling, root)
            while not fn & 1 and fn:
                fn >>= 1
                sn >>= 1
        else:
            root = node_hash(root, sibling)
        fn >>= 1
        sn >>= 1
    return root if sn == 0 else None


def is_consistent(old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Whether a consistency proof shows that one tree begins another."""
    if old == 0:
        return not path and old_root == EMPTY_ROOT
    if old == new:
        return not path and old_root == new_root
    if old > new or not path:
        return False
    hashes = list(path) if old & (old - 1) else [old_root, *path]
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn >>= 1
        sn >>= 1
    first = second = hashes[0]
    for sibling in hashes[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while not fn & 1 and fn:
                fn >>= 1
                sn >>= 1
        else:
            second = node_hash(second, sibling)
        fn >>= 1
        sn >>= 1
    return sn == 0 and first == old_root and second == new_root


def _peaks(start: int, size: int) -> list[tuple[int, int]]:
    """(last leaf, level) of the complete subtrees of `size` leaves from `start`, left to right."""
    found = []
    for level in range(size.bit_length() - 1, -1, -1):
        if size >> level & 1:
            start += 1 << level
            found.append((start - 1, level))
    return found


def _range(start: int, end: int, node_at: NodeAt) -> bytes:
    """Hash of the leaves from `start` up to `end`; `start` is a multiple of a power of two above."""
    return _fold([node_at(last, level) for last, level in _peaks(start, end - start)])


def _fold(peaks: Sequence[bytes]) -> bytes:
    if not peaks:
        return EMPTY_ROOT
    root = peaks[-1]
    for peak in reversed(peaks[:-1]):
        root = node_hash(peak, root)
    return root


def _largest_power_below(size: int) -> int:
    """The largest power of two smaller than `size`, which is above 1."""
    return 1 << (size - 1).bit_length() - 1
