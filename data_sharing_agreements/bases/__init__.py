"""Legal bases as data: one YAML file each, read by `load_bases`.

Belongs here: the gate of a basis, the terms a document under it must contain and
the standing limits on data under it. Does not: the documents themselves, or how a
request is judged. Each file says whether it was checked against the law's text; a
document that rests on one that was not needs counsel's signature.
"""

from data_sharing_agreements.bases.model import BASES_DIRECTORY, Basis, Limits, load_bases

__all__ = ["BASES_DIRECTORY", "Basis", "Limits", "load_bases"]
