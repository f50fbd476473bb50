"""Incidents: what kinds there are, which clocks each starts, and drafts of the notices.

Belongs here: the kinds, the duties the documents and the law attach to each, and the
words of the notices. Does not: storing an incident (`registry/incidents.py`), or
gathering evidence, which needs the home (`warehouse.oversight`).
"""

from data_sharing_agreements.incidents.duties import duties_of
from data_sharing_agreements.incidents.kinds import KINDS, Kind
from data_sharing_agreements.incidents.notices import notices

__all__ = ["KINDS", "Kind", "duties_of", "notices"]
