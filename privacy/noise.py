"""Consistent noise for the table builder: the same question, the same answer.

Belongs here: noise drawn from a project's key and a cell's definition. Does not: hiding
small cells, budgets, or privacy accounting: noise that never changes cannot be averaged
away by asking again, but many different questions still narrow a count, so the table
builder also has a budget.
"""

import hmac
import json
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.special import ndtri

from privacy.siphash import KEY_BYTES, siphash

_RESOLUTION = 53


def cell_id(measure: str, conditions: Mapping[str, object]) -> str:
    """Return a cell's canonical definition: what is counted, and of whom, in whatever order asked.

    Args:
        measure: What is counted, with the mart's version if a new version may have new noise.
        conditions: Dimension → value; dimensions summed over are left out.
    """
    return json.dumps([measure, {key: str(conditions[key]) for key in sorted(conditions)}])


def noise(project_key: bytes, cell_ids: Sequence[str], sd: float) -> npt.NDArray[np.int64]:
    """Return a whole-number noise for each cell, normal with standard deviation `sd`.

    Args:
        project_key: The project's own key; without it the noise cannot be told from chance.
        cell_ids: Definitions from `cell_id`; equal ones get equal noise.
        sd: In persons; 0 gives none.
    """
    key = hmac.digest(project_key, b"noise", "sha256")[:KEY_BYTES]
    packed = pa.array(cell_ids, type=pa.large_binary())
    offsets = np.frombuffer(packed.buffers()[1], dtype=np.int64)[: len(packed) + 1]
    data = np.frombuffer(packed.buffers()[2] or b"", dtype=np.uint8)
    drawn = siphash(key, data, offsets) >> np.uint64(64 - _RESOLUTION)
    uniform = (drawn.astype(np.float64) + 0.5) / 2.0**_RESOLUTION
    return np.asarray(np.rint(sd * ndtri(uniform)), dtype=np.int64)
