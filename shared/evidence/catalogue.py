"""The description of a schema in the database's own words: what holds its rules in place."""

from __future__ import annotations

from typing import Final

CATALOGUE_SQL: Final = """
    WITH here AS (SELECT oid FROM pg_namespace WHERE nspname = :schema),
    relations AS (
        SELECT relation.oid, relation.relname, relation.relacl, relation.relkind,
               relation.relrowsecurity, relation.relowner
          FROM pg_class AS relation
          JOIN here ON relation.relnamespace = here.oid
    )
    SELECT format('relation %s %s rowsecurity=%s', relkind, relname, relrowsecurity)
      FROM relations
     WHERE relkind IN ('r', 'p', 'v', 'm', 'S')
    UNION ALL
    SELECT format('column %s.%s %s%s', relname, attname, format_type(atttypid, atttypmod),
                  CASE WHEN attnotnull THEN ' not null' ELSE '' END)
      FROM relations
      JOIN pg_attribute ON attrelid = relations.oid AND attnum > 0 AND NOT attisdropped
     WHERE relkind IN ('r', 'p')
    UNION ALL
    SELECT format('constraint %s.%s %s validated=%s', relname, conname,
                  pg_get_constraintdef(pg_constraint.oid), convalidated)
      FROM relations
      JOIN pg_constraint ON conrelid = relations.oid
     WHERE contype <> 'n'
    UNION ALL
    SELECT format('index %s valid=%s', pg_get_indexdef(indexrelid), indisvalid)
      FROM relations
      JOIN pg_index ON indrelid = relations.oid
    UNION ALL
    SELECT format('trigger %s.%s %s enabled=%s', relname, tgname,
                  pg_get_triggerdef(pg_trigger.oid), tgenabled)
      FROM relations
      JOIN pg_trigger ON tgrelid = relations.oid
     WHERE NOT tgisinternal
    UNION ALL
    SELECT format('disabled reference of %s: %s', relname, tgenabled)
      FROM relations
      JOIN pg_trigger ON tgrelid = relations.oid
     WHERE tgisinternal AND tgenabled <> 'O'
    UNION ALL
    SELECT format('function %s %s definer=%s', proname, md5(pg_get_functiondef(pg_proc.oid)),
                  prosecdef)
      FROM pg_proc
      JOIN here ON pronamespace = here.oid
     WHERE prokind = 'f'
    UNION ALL
    SELECT format('rule %s.%s %s', relname, rulename, pg_get_ruledef(pg_rewrite.oid))
      FROM relations
      JOIN pg_rewrite ON ev_class = relations.oid
     WHERE rulename <> '_RETURN'
    UNION ALL
    SELECT format('grant %s to %s on %s', privilege_type,
                  coalesce(pg_get_userbyid(nullif(grantee, 0)), 'everybody'), relname)
      FROM relations, aclexplode(relacl)
     WHERE grantee <> relowner
    UNION ALL
    SELECT format('grant %s to %s on %s.%s', privilege_type,
                  coalesce(pg_get_userbyid(nullif(grantee, 0)), 'everybody'), relname, attname)
      FROM relations
      JOIN pg_attribute ON attrelid = relations.oid AND NOT attisdropped, aclexplode(attacl)
     WHERE grantee <> relowner
    UNION ALL
    SELECT format('grant %s to %s on the schema', privilege_type,
                  coalesce(pg_get_userbyid(nullif(grantee, 0)), 'everybody'))
      FROM pg_namespace
      JOIN here ON pg_namespace.oid = here.oid, aclexplode(nspacl)
     WHERE grantee <> nspowner
"""
"""Tables, columns, constraints, indexes, triggers, functions, rules and grants, a line of text each.

Object ids and the owner's name are left out, so that a restored copy describes itself alike.
"""
