"""Increments: a version of the spine made from what a delivery changed, not from everything.

Belongs here: when an increment may follow and when a full link is due, what is kept for it,
and making it. Does not: a full link (`linkage.run`), or the steps both share.
"""
