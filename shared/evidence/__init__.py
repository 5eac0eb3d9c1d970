"""Evidence: rows that nobody may change afterwards, bound in a chain of blocks per service.

- **Streams** are append-only tables whose rows carry a growing number `seq` (trail, personal
  credits). `writer` binds new rows in blocks every few seconds; a block holds the digest of its rows
  and the hash of the block before.
- **Watched tables** are small tables that do change (rules, settlements, approvals). A trigger writes
  every change into the stream `row_change`; what stands in the table must be what the changes add
  up to.
- **The catalogue** is written down by each migration: columns, constraints, triggers, grants. What
  the database says of itself today must be what it said then.

`verify` recomputes all of it and names what does not hold (docs/evidence.md).
"""
