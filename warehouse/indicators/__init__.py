"""Indicators: the results a state manages for, from a definition to a scorecard.

Belongs here: definitions (the YAML files beside this module), their computation
from a project's person-level marts, and the page that shows them. Does not: how a
mart is made, or a person's judgement of how likely delivery is.
"""

from warehouse.indicators.compute import compute

__all__ = ["compute"]
