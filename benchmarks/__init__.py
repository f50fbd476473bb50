"""Speed goals, measured as ratios in one run; `make bench` runs them all.

Belongs here: what is measured and how. Does not: tests that depend on time.
"""
