"""The Merkle tree against RFC 6962's recursive definition, and its published roots."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_sharing_agreements.log.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    inclusion_proof,
    is_consistent,
    leaf_hash,
    root_at,
    root_from_inclusion,
)

PUBLISHED_LEAVES = (
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
)
PUBLISHED_ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
"""The reference tree of Certificate Transparency's own tests, from no leaf to eight."""

sizes = st.integers(1, 130)
pairs = st.tuples(st.integers(0, 130), st.integers(0, 130)).map(sorted)


def entry(index: int) -> bytes:
    return f"entry {index}".encode()


def grown(entries):
    """A tree grown leaf by leaf, with every subtree it completed."""
    frontier, nodes = Frontier(), {}
    for index, content in enumerate(entries):
        nodes[index, 0] = leaf_hash(content)
        for level, node in frontier.push(nodes[index, 0]):
            nodes[index, level] = node
    return frontier, lambda ends_at, level: nodes[ends_at, level]


def tree_hash(entries):
    """RFC 6962, section 2.1, word for word."""
    if not entries:
        return hashlib.sha256(b"").digest()
    if len(entries) == 1:
        return hashlib.sha256(b"\x00" + entries[0]).digest()
    k = largest_power(len(entries))
    return hashlib.sha256(b"\x01" + tree_hash(entries[:k]) + tree_hash(entries[k:])).digest()


def audit_path(m, entries):
    """RFC 6962, section 2.1.1."""
    if len(entries) <= 1:
        return []
    k = largest_power(len(entries))
    if m < k:
        return [*audit_path(m, entries[:k]), tree_hash(entries[k:])]
    return [*audit_path(m - k, entries[k:]), tree_hash(entries[:k])]


def subproof(m, entries, whole):
    """RFC 6962, section 2.1.2."""
    if m == len(entries):
        return [] if whole else [tree_hash(entries)]
    k = largest_power(len(entries))
    if m <= k:
        return [*subproof(m, entries[:k], whole), tree_hash(entries[k:])]
    return [*subproof(m - k, entries[k:], False), tree_hash(entries[:k])]


def largest_power(n):
    k = 1
    while k * 2 < n:
        k *= 2
    return k


@pytest.mark.parametrize("size", range(9))
def test_published_roots(size):
    frontier, node_at = grown([bytes.fromhex(leaf) for leaf in PUBLISHED_LEAVES[:size]])
    assert frontier.root.hex() == root_at(size, node_at).hex() == PUBLISHED_ROOTS[size]


@given(sizes)
def test_roots_and_frontier(size):
    entries = [entry(i) for i in range(size)]
    frontier, node_at = grown(entries)
    assert frontier.root == root_at(size, node_at) == tree_hash(entries)
    resumed = Frontier.at(size, node_at)
    resumed.push(leaf_hash(b"next"))
    assert resumed.root == tree_hash([*entries, b"next"])


@given(sizes, st.data())
def test_inclusion(size, data):
    index = data.draw(st.integers(0, size - 1))
    entries = [entry(i) for i in range(size)]
    _, node_at = grown(entries)
    path = inclusion_proof(index, size, node_at)
    assert path == audit_path(index, entries)
    root = tree_hash(entries)
    assert root_from_inclusion(leaf_hash(entries[index]), index, size, path) == root
    assert root_from_inclusion(leaf_hash(b"another"), index, size, path) != root
    assert root_from_inclusion(leaf_hash(entries[index]), index, size, [*path, root]) is None
    if path:
        assert root_from_inclusion(leaf_hash(entries[index]), index, size, path[:-1]) != root
        moved = (index + 1) % size
        assert root_from_inclusion(leaf_hash(entries[index]), moved, size, path) != root


@given(pairs, st.data())
def test_consistency(pair, data):
    old, new = pair
    entries = [entry(i) for i in range(new)]
    _, node_at = grown(entries)
    proof = consistency_proof(old, new, node_at)
    assert proof == ([] if old == 0 else subproof(old, entries, True))
    old_root, new_root = tree_hash(entries[:old]), tree_hash(entries)
    assert is_consistent(old, new, old_root, new_root, proof)
    if old < new and old > 0:
        forged = [*entries]
        forged[data.draw(st.integers(0, old - 1))] = b"rewritten"
        assert not is_consistent(old, new, old_root, tree_hash(forged), subproof(old, forged, True))
        assert not is_consistent(old, new, old_root, new_root, proof[:-1])
        assert not is_consistent(old, new, old_root, new_root, [*proof, new_root])


def test_edges():
    assert root_at(0, lambda *_: b"") == EMPTY_ROOT
    assert root_from_inclusion(b"", 3, 3, []) is None
    assert not is_consistent(0, 5, b"not the empty root", b"", [])
    assert not is_consistent(3, 2, b"", b"", [b"x"])
    for wrong in (lambda: inclusion_proof(4, 4, None), lambda: consistency_proof(5, 4, None)):
        with pytest.raises(ValueError):
            wrong()
