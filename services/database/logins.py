"""Logins of services: each has its own role; one that may do more than that is refused."""

from __future__ import annotations

import asyncpg

from shared.db import SERVICES, asyncpg_dsn, role_of

_POWERS = """
SELECT session_user AS login,
       rolsuper,
       rolcreaterole,
       rolcreatedb,
       rolbypassrls,
       rolreplication,
       (SELECT pg_has_role(session_user, datdba, 'MEMBER')
          FROM pg_database
         WHERE datname = current_database()) AS owns_database,
       ARRAY(SELECT nspname
               FROM pg_namespace
              WHERE nspname = $1 AND pg_has_role(session_user, nspowner, 'MEMBER')) AS owns,
       ARRAY(SELECT rolname
               FROM pg_roles AS other
              WHERE other.rolname = ANY ($2) AND pg_has_role(session_user, other.oid, 'MEMBER'))
         AS takes_on
  FROM pg_roles
 WHERE rolname = session_user
"""
_SAID = {
    "rolcreaterole": "may create roles",
    "rolcreatedb": "may create databases",
    "rolbypassrls": "bypasses row security",
    "rolreplication": "may replicate",
    "owns_database": "owns the database",
}


class LoginRefused(Exception):
    """A service was given a login that may do more than its own role; the text says what."""


async def check_login(url: str, service: str) -> None:
    """Refuse an address whose login may do more than the service's role.

    Raises:
        LoginRefused: it is an administrator, an owner, or another service.
    """
    connection = await asyncpg.connect(asyncpg_dsn(url), timeout=30)
    try:
        others = [role_of(one) for one in SERVICES if one != service]
        row = await connection.fetchrow(_POWERS, service, others)
    finally:
        await connection.close()
    assert row is not None
    powers = ["is a superuser"] if row["rolsuper"] else _lesser_powers(row)
    if powers:
        raise LoginRefused(
            f"{service} must not log in as {row['login']}, who {' and '.join(powers)}: give it the"
            f" login of {role_of(service)} (`wuxian migrate` makes it; docs/operations.md), or set"
            " WUXIAN_ALLOW_ADMIN_LOGIN=true for development"
        )


def _lesser_powers(row: asyncpg.Record) -> list[str]:
    powers = [said for column, said in _SAID.items() if row[column]]
    powers += [f"owns the schema {name}" for name in row["owns"]]
    powers += [f"may act as {name}" for name in row["takes_on"]]
    return powers
