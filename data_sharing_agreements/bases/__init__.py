"""Legal bases as data: one YAML file each, read by `load_bases`; prohibitions beside them.

Belongs here: the gate of a basis, the terms a document under it must contain and
the standing limits on data under it; what a prohibition keeps out. Does not: the
documents themselves, or how a request is judged. Each file says whether it was checked
against the law's text; a document that rests on one that was not needs counsel's
signature.
"""

from data_sharing_agreements.bases.model import (
    BASES_DIRECTORY,
    Basis,
    BreachClock,
    Limits,
    load_bases,
)
from data_sharing_agreements.bases.prohibitions import (
    Prohibition,
    forbidding,
    load_prohibitions,
    standing_prohibitions,
)
from data_sharing_agreements.bases.rows import RowRules, row_rules

__all__ = [
    "BASES_DIRECTORY",
    "Basis",
    "BreachClock",
    "Limits",
    "Prohibition",
    "RowRules",
    "forbidding",
    "load_bases",
    "load_prohibitions",
    "row_rules",
    "standing_prohibitions",
]
