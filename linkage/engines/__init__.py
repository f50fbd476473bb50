"""Engines: what compares pairs of encoded records, and how so many pairs are kept small.

Belongs here: the engines (DuckDB, Spark), the pairs that share a blocking key, the sieve
before a comparison. Does not: what is compared (model.py), what it is worth (weigh.py), or
clusters (clusters.py).
"""
