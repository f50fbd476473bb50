"""Evergreen, a synthetic state with known truth.

Belongs here: simulating people, their lives and programs, and writing what six
agencies (or more, declared in `systems/`) would deliver about them, with the
errors real systems make, beside the truth. Does not: reading deliveries, or
anything about real people.
"""

from warehouse.synthetic.state import SynthSummary, generate

__all__ = ["SynthSummary", "generate"]
