"""Documents under test, signed: with demonstration keys, by the same code as the reference ones.

Belongs here: `signed` for a directory that a test edited, `approved` for documents in
memory. Does not: any way around signatures; the program has none.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from data_sharing_agreements.documents import Agreements
from data_sharing_agreements.lifecycle import Rosters, judge
from data_sharing_agreements.lifecycle.demonstration import acts_for, roster_for, sign_directory


def signed(directory: Path) -> Path:
    """Sign every document of a directory as it now is, and return the directory."""
    sign_directory(directory)
    return directory


def approved(agreements: Agreements) -> Agreements:
    """Return the same documents with every act they need, by demonstration keys."""
    versions = agreements.versions
    roster = roster_for(versions)
    acts = tuple(acts_for(versions, roster))
    standing = judge(versions, roster, acts)
    return replace(agreements, standing=standing, acts=acts, rosters=Rosters((roster,)))
