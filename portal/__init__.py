"""The portal: pages and API over published marts (not built yet).

Belongs here: parse, call, render. Does not: rules, or keys to vault or warehouse.
"""
