"""What would stop or change if a document ended, changed or was stopped.

Belongs here: everything that rests on agreements, asked as the steps of a run would ask
it, before and after a change nobody has made yet. Does not: doing any of it, opening a
store, or writing to the log.
"""

from warehouse.impact.changes import ending, stopping, with_document, with_roster
from warehouse.impact.forecast import Forecast, forecast

__all__ = ["Forecast", "ending", "forecast", "stopping", "with_document", "with_roster"]
