"""Array types and named random streams.

Belongs here: what every module of the simulator draws with. Does not: any
distribution that means something in Evergreen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Days = npt.NDArray[np.datetime64]

NEVER = 1_000_000
"""A month index that no simulation reaches: the thing does not happen."""


class Draws:
    """Random streams by name, so that a change in one part leaves the others as they were.

    Args:
        seed: The simulation's seed; the same seed gives the same draws.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def stream(self, *name: object) -> np.random.Generator:
        """Return the stream of this name, from its beginning."""
        digest = hashlib.blake2b("/".join(map(str, name)).encode(), digest_size=16).digest()
        words = np.frombuffer(digest, dtype="<u4")
        return np.random.Generator(
            np.random.PCG64([self.seed & 0xFFFFFFFF, self.seed >> 32, *map(int, words)])
        )


def pick(rng: np.random.Generator, weights: Sequence[float] | Floats, size: int) -> Ints:
    """Draw `size` indices with probability proportional to `weights`."""
    total = np.cumsum(np.asarray(weights, dtype=np.float64))
    found: Ints = np.searchsorted(total, rng.random(size) * total[-1], side="right")
    return np.minimum(found, len(total) - 1)


def pick_by(rng: np.random.Generator, weights: Floats, row: Ints) -> Ints:
    """Draw one index for each element of `row`, by the weights in that row of a matrix."""
    total = np.cumsum(weights, axis=1)
    total = total / total[:, -1:]
    flat = (total + np.arange(len(total))[:, None]).ravel()
    found: Ints = np.searchsorted(flat, rng.random(len(row)) + row, side="right") - row * weights.shape[1]
    return np.clip(found, 0, weights.shape[1] - 1)


def pick_code(rng: np.random.Generator, codes: Mapping[str, float], size: int) -> pa.Array:
    """Draw `size` texts, the keys of `codes`, by the weights that are its values."""
    return texts(list(codes)).take(pa.array(pick(rng, list(codes.values()), size)))


def zipf(count: int, exponent: float = 0.85, offset: float = 3.0) -> Floats:
    """Return weights of ranks 1 to `count` that fall as names' frequencies do."""
    weights = 1.0 / np.power(np.arange(1, count + 1) + offset, exponent)
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def texts(values: Sequence[str | None]) -> pa.Array:
    """Return an Arrow array of text."""
    return pa.array(values, type=pa.string())


def take(array: pa.Array, index: Ints) -> pa.Array:
    """Return the elements at `index`; a negative index gives null."""
    if len(index) and int(index.min()) < 0:
        return array.take(pa.array(index, mask=index < 0))
    return array.take(pa.array(index))


def choose(mask: Bools, yes: pa.Array, no: pa.Array) -> pa.Array:
    """Return `yes` where the mask holds and `no` elsewhere."""
    return pc.if_else(pa.array(mask), yes, no)
