"""Pages every run leaves behind, whatever it did: the register and the page of all pages.

Belongs here: which, and in which order. Does not: what they say.
"""

from warehouse.hub import Hub
from warehouse.oversight.index import write_index
from warehouse.oversight.register import write_register


def write_pages(hub: Hub) -> None:
    """Write the register, then the page of all pages. No store is opened, no chart drawn."""
    write_register(hub, hub.reports("register", "index.html").parent)
    write_index(hub)
