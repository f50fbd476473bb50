"""Assembly: Definitions, jobs, schedules, sensors, and the command line.

Belongs here: wiring. Does not: rules, SQL, or asset bodies.
"""
