"""Places a new table of a migration, where the database is distributed already."""

from __future__ import annotations


def place(table: str, key: str, *, beside: str) -> str:
    """Write the statement that spreads a new table by its key, beside one with the same kind of key.

    A foreign key to a spread table needs its own table spread first, so it is added after this
    statement, by an ALTER TABLE of its own. On an ordinary PostgreSQL the statement does nothing.
    """
    return _placed(
        beside, f"create_distributed_table('{table}', '{key}', colocate_with => '{beside}')"
    )


def whole(table: str, *, beside: str) -> str:
    """Write the statement that gives every server a new table in full, where `beside` is placed.

    On an ordinary PostgreSQL the statement does nothing.
    """
    return _placed(beside, f"create_reference_table('{table}')")


def _placed(beside: str, work: str) -> str:
    return f"""
        DO $place$
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') THEN
                RETURN;
            END IF;
            IF EXISTS (SELECT FROM pg_dist_partition
                        WHERE logicalrelid = CAST('{beside}' AS regclass)) THEN
                PERFORM {work};
            END IF;
        END
        $place$
    """
