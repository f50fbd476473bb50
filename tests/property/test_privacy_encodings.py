"""Encodings: right against plain implementations, deterministic, independent between keys."""

import hashlib
import hmac

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privacy.encodings import Encoder
from privacy.siphash import siphash

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x1f"), max_size=20)
COLUMN = st.lists(st.none() | TEXT, min_size=1, max_size=30)
KEYS = st.binary(min_size=32, max_size=32)


def plain_siphash(key: bytes, message: bytes) -> int:
    """SipHash-2-4 for one message, in Python's integers, as the paper writes it."""
    full = 2**64 - 1
    k0, k1 = (int.from_bytes(key[i : i + 8], "little") for i in (0, 8))
    v = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D, k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573]

    def rotate(x: int, b: int) -> int:
        return ((x << b) | (x >> (64 - b))) & full

    def rounds(count: int) -> None:
        for _ in range(count):
            for a, b, first, turn in (
                (0, 1, 13, True),
                (2, 3, 16, False),
                (0, 3, 21, False),
                (2, 1, 17, True),
            ):
                v[a] = (v[a] + v[b]) & full
                v[b] = rotate(v[b], first) ^ v[a]
                if turn:
                    v[a] = rotate(v[a], 32)

    padded = message + bytes(7 - len(message) % 8) + bytes([len(message) & 0xFF])
    for i in range(0, len(padded), 8):
        block = int.from_bytes(padded[i : i + 8], "little")
        v[3] ^= block
        rounds(2)
        v[0] ^= block
    v[2] ^= 0xFF
    rounds(4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


PUBLISHED = {0: 0x726FDB47DD0E0E31, 1: 0x74F839C593DC67FD, 2: 0x0D6C8009D9A94F5A, 15: 0xA129CA6149BE45E5}


@pytest.mark.parametrize(("length", "expected"), PUBLISHED.items())
def test_siphash_gives_the_published_vectors(length: int, expected: int) -> None:
    data = np.arange(length, dtype=np.uint8)
    assert int(siphash(bytes(range(16)), data, np.array([0, length]))[0]) == expected
    assert plain_siphash(bytes(range(16)), data.tobytes()) == expected


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=20), st.binary(min_size=16, max_size=16))
def test_siphash_of_a_column_is_siphash_of_each(values: list[bytes], key: bytes) -> None:
    offsets = np.cumsum([0, *map(len, values)])
    found = siphash(key, np.frombuffer(b"".join(values), dtype=np.uint8), offsets)
    assert [int(x) for x in found] == [plain_siphash(key, value) for value in values]


def plain_bloom(key: bytes, field: str, value: str | None, kind: str, words: int, hashes: int) -> int:
    """The bit vector of one value as one large integer, gram by gram."""
    derived = hmac.digest(key, f"gram\x1f{kind}\x1f{field}".encode(), "sha512")
    data = (value or "").encode()
    marked = b"\x1f" + data + b"\x1f"
    pairs = [marked[i] * 256 + marked[i + 1] for i in range(len(marked) - 1)]
    grams = pairs if kind == "qgram" else [i * 256 + byte for i, byte in enumerate(data)]
    vector = 0
    for gram in grams if data else []:
        digest = hmac.digest(derived, gram.to_bytes(4, "big"), "sha512")
        for j in range(hashes):
            vector |= 1 << int.from_bytes(digest[2 * j : 2 * j + 2], "big") % (64 * words)
    return vector


@settings(max_examples=60, deadline=None)
@given(KEYS, COLUMN, st.sampled_from(["qgram", "positional"]), st.sampled_from([(8, 10), (2, 3), (16, 32)]))
def test_bit_vectors_are_those_of_the_plain_method(
    key: bytes, values: list[str | None], kind: str, shape: tuple[int, int]
) -> None:
    found = Encoder(key).bloom("surname", values, kind, *shape)
    for row, bits, value in zip(found.words.view(np.uint64), found.bits, values, strict=True):
        vector = sum(int(word) << (64 * i) for i, word in enumerate(row))
        assert vector == plain_bloom(key, "surname", value, kind, *shape)
        assert bits == vector.bit_count()


@settings(deadline=None)
@given(KEYS, COLUMN, st.randoms())
def test_an_encoding_depends_on_the_value_alone(key: bytes, values: list[str | None], random: object) -> None:
    encoder = Encoder(key)
    tokens = encoder.token("f", values).to_pylist()
    vectors = encoder.bloom("f", values, "qgram").words
    order = list(range(len(values)))
    random.shuffle(order)
    mixed = [values[i] for i in order]
    assert Encoder(key).token("f", mixed).to_pylist() == [tokens[i] for i in order]
    assert (Encoder(key).bloom("f", pa.array(mixed), "qgram").words == vectors[order]).all()
    for left, token in zip(values, tokens, strict=True):
        assert (token is None) == (not left)
        for right, other in zip(values, tokens, strict=True):
            assert not left or not right or (left == right) == (token == other)


def overlap(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Bits set in both, a row; numpy counts the bits of a signed number's absolute value."""
    return np.bitwise_count((left & right).view(np.uint64)).sum(axis=-1)


@settings(max_examples=20, deadline=None)
@given(KEYS, KEYS)
def test_encodings_under_two_keys_have_nothing_in_common(one: bytes, two: bytes) -> None:
    if one == two:
        return
    values = [hashlib.sha256(str(i).encode()).hexdigest()[:12] for i in range(200)]
    left, right = Encoder(one), Encoder(two)
    assert not set(left.token("f", values).to_pylist()) & set(right.token("f", values).to_pylist())
    a, b = (e.bloom("f", values, "qgram") for e in (left, right))
    shared = overlap(a.words, b.words)
    expected = a.bits.astype(float) * b.bits / 512
    assert abs(float(shared.mean() - expected.mean())) < 3


def test_fields_are_apart() -> None:
    encoder, values = Encoder(b"k" * 32), [f"N{i}" for i in range(100)]
    assert not set(encoder.token("given", values).to_pylist()) & set(
        encoder.token("surname", values).to_pylist()
    )
    assert (
        encoder.bloom("given", values, "qgram").words != encoder.bloom("surname", values, "qgram").words
    ).any()


def test_likeness_survives_and_difference_shows() -> None:
    found = Encoder(b"k" * 32).bloom("n", ["KATHERINE", "KATHARINE", "ZEBULON"], "qgram")
    dice = [2 * overlap(found.words[0], found.words[i]) / (found.bits[0] + found.bits[i]) for i in (1, 2)]
    assert dice[0] > 0.75
    assert dice[1] < 0.35


def test_missing_columns_and_chunked_input() -> None:
    encoder = Encoder(b"k" * 32)
    assert encoder.token("f", [None, ""]).null_count == 2
    assert encoder.bloom("f", [None, ""], "positional").bits.tolist() == [0, 0]
    chunked = pa.chunked_array([["A"], ["B", "A"]])
    assert (
        encoder.token("f", chunked).to_pylist() == encoder.token("f", np.array(["A", "B", "A"])).to_pylist()
    )


def test_wrong_parameters_are_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Encoder(b"short")
    with pytest.raises(ValueError, match="1 to 32"):
        Encoder(b"k" * 32).bloom("f", ["A"], "qgram", hashes=33)
