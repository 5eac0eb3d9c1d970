"""Guards of rows that are kept for a time: a trigger refuses to delete one before, whoever asks."""

from __future__ import annotations


def guard(table: str, may_go: str) -> list[str]:
    """Return the statements of a migration that guard a table.

    Args:
        may_go: the condition under which a row, `old`, may be deleted.
    """
    return [
        f"""
        CREATE FUNCTION {table}_is_kept() RETURNS trigger
        LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
            BEGIN
                IF {may_go} THEN
                    RETURN old;
                END IF;
                RAISE EXCEPTION 'a row of {table} is deleted before its time'
                      USING ERRCODE = 'restrict_violation';
            END
            $$
        """,
        f"CREATE TRIGGER {table}_is_kept BEFORE DELETE ON {table}"
        f" FOR EACH ROW EXECUTE FUNCTION {table}_is_kept()",
    ]


def guard_back(table: str) -> list[str]:
    """Return the statements that take `guard` back."""
    return [f"DROP TRIGGER {table}_is_kept ON {table}", f"DROP FUNCTION {table}_is_kept()"]
