"""Quality: the Great Expectations suite of a contract, and the page that shows results.

Belongs here: deriving checks from contracts, running them where the data lies,
showing counts. Does not: deciding what is held (`ingest`), or any value.
"""
