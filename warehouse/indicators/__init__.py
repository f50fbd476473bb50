"""Indicators: the results a state manages for, from a definition to a scorecard.

Belongs here: definitions (the YAML files beside this module), their computation
from a project's person-level marts, and the page that shows them. Does not: how a
mart is made, or a person's judgement of how likely delivery is.
"""

from warehouse.indicators.compute import compute, write_scorecard
from warehouse.indicators.shown import headlines, linked_band, links_told, may_be_shown

__all__ = ["compute", "headlines", "linked_band", "links_told", "may_be_shown", "write_scorecard"]
