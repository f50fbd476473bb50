"""The documents in force and the loader of any state's own.

Belongs here: `load_agreements`, the set of documents it returns, and the
reference state's documents as YAML in `emou/`, `dsa/` and `dul/`. Does not: what
the documents permit (`decisions/`) or the law they rest on (`bases/`).
"""

from data_sharing_agreements.documents.agreements import Agreements
from data_sharing_agreements.documents.loader import EVERGREEN_DIRECTORY, load_agreements

__all__ = ["EVERGREEN_DIRECTORY", "Agreements", "load_agreements"]
