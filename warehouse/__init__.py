"""Tables and their meaning: opener, contracts, ingestion, core, marts, indicators, lineage.

Belongs here: how data is read, checked, stored and published. Does not: who is
who (linkage), Dagster (assets, pipelines), rules of permission
(data_sharing_agreements).
"""
