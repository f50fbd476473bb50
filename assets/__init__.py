"""Thin Dagster assets, one module a layer: ask, call, record.

Belongs here: asset bodies. Does not: rules, SQL, or assembly of definitions.
"""
