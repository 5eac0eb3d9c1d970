"""Spreads a migrated database over the servers of an operator's Citus.

`catalogue` reads what there is, `plan` decides where each table goes and in which order (and does no
input or output), `apply` runs the plan. Nothing of Citus is shipped: on a PostgreSQL without it
there is nothing to do.
"""
