"""Who is who: standardise, encode, model, predict, cluster, spine, quality.

Belongs here: turning identifiers in an open vault into a versioned spine. Does
not: opening stores, agreements, Dagster.
"""
