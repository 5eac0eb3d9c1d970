"""Finds what a distributed database (Citus) refuses in a statement, on an ordinary PostgreSQL.

A statement of one key goes to one server, which can do whatever PostgreSQL can. A statement of
several keys is planned in parts: tables of different keys do not meet in one part, nothing is locked,
and a part that depends on the row of another has no limit of its own. And what a change calls must
give the same on every server.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from sqlglot import exp

from services.distribution.schema import REFERENCE

STABLE: Final = frozenset(
    {
        *("now", "current_timestamp", "current_date", "current_time", "localtimestamp"),
        *("transaction_timestamp", "current_setting", "current_user", "session_user"),
        *("to_jsonb", "to_json", "jsonb_build_object", "jsonb_build_array", "jsonb_agg"),
        *("jsonb_object_agg", "json_build_object", "jsonb_populate_record", "to_char", "to_date"),
        *("to_timestamp", "concat", "concat_ws", "format", "age", "quote_literal"),
        *("convert_from", "convert_to"),
    }
)
VOLATILE: Final = frozenset(
    {
        *("clock_timestamp", "statement_timestamp", "timeofday", "random", "gen_random_uuid"),
        *("nextval", "setval", "uuid_generate_v4", "txid_current", "pg_current_xact_id"),
    }
)
RECURSIVE: Final = frozenset({"personal_holder"})
"""Views that follow a chain of rows: read by themselves, in a MATERIALIZED part."""
_QUERIES: Final = (exp.Select, exp.SetOperation, exp.Update, exp.Delete, exp.Insert)
_CHANGES: Final = (exp.Insert, exp.Update, exp.Delete)
Roots = Mapping[int, tuple[str, Any]]
"""id of a table's node → its name, and what its key equals."""


def refused(
    statement: exp.Expression, keys: Mapping[str, str], whole: frozenset[str], met: Roots
) -> Iterator[str]:
    """List what is refused in one statement.

    Args:
        keys: table → key column.
        whole: keyed tables that lie at the coordinator.
        met: the keyed tables that the statement reads, and what the key of each equals.
    """
    for change in statement.find_all(*_CHANGES):
        target = _target(change)
        if target in keys and target not in whole:
            yield from _functions(change)
    yield from _locks_everywhere(statement, keys, whole)
    roots = {node: one for node, one in met.items() if one[0] not in whole}
    yield from _at_the_coordinator(statement, whole, roots)
    values = {root for _, root in roots.values()}
    if not values or (len(values) == 1 and all(root[0] != "column" for root in values)):
        return
    yield from _locks(statement, roots)
    if any(with_.recursive for with_ in statement.find_all(exp.With)) and roots:
        yield "a recursive query over several keys"
    yield from _recursive_views(statement, roots)
    for query in statement.find_all(*_QUERIES):
        if not _depends(query):
            yield from _part(query, roots)
            yield from _indirect(query, keys, roots)


def _target(change: exp.Expression) -> str:
    this = change.this
    return str((this.this if isinstance(this, exp.Schema) else this).name)


def _name(function: exp.Expression) -> str:
    return str(function.sql(dialect="postgres")).partition("(")[0].strip().lower()


def _called(node: exp.Expression | None, names: frozenset[str]) -> Iterator[exp.Expression]:
    if node is not None:
        for function in node.find_all(exp.Func, exp.CurrentTimestamp, exp.CurrentDate):
            if not isinstance(function, exp.And | exp.Or | exp.Cast) and _name(function) in names:
                yield function


# --- functions in changes -------------------------------------------------------------------


def _functions(change: exp.Expression) -> Iterator[str]:
    changing = STABLE | VOLATILE
    returning = change.args.get("returning")
    for function in _called(returning, changing):
        yield f"{_name(function)} in RETURNING: read it from the row, or send it"
    if isinstance(change, exp.Insert):
        yield from _inserted(change, changing)
        return
    source = change.args.get("from_") or change.args.get("from")
    for function in _called(source, changing):
        if _is_chosen(function, source):
            yield f"{_name(function)} in CASE or COALESCE: send the value"
    parts = [*change.args.get("expressions", ()), change.args.get("where")]
    for part in parts:
        for function in _called(part, VOLATILE):
            yield f"a volatile function in a change: {_name(function)}"
        for function in _called(part, STABLE):
            if function.find(exp.Column):
                yield f"{_name(function)} of a column in a change: send the value"
            elif _is_chosen(function, part):
                yield f"{_name(function)} in CASE or COALESCE: send the value"


def _inserted(change: exp.Insert, changing: frozenset[str]) -> Iterator[str]:
    conflict = change.args.get("conflict")
    for part in (*_several(conflict, "expressions"), *_several(conflict, "where")):
        for function in _called(part, changing):
            yield f"{_name(function)} in DO UPDATE: send the value"
    body = change.expression
    if isinstance(body, exp.Values):
        if body.find(exp.Query):
            yield "a subquery in VALUES: read it first"
        for function in _called(body, changing):
            if _is_chosen(function, body):
                yield f"{_name(function)} in CASE or COALESCE: send the value"


def _several(node: exp.Expression | None, name: str) -> list[exp.Expression]:
    found = node.args.get(name) if node is not None else None
    return found if isinstance(found, list) else [found] if found is not None else []


def _is_chosen(function: exp.Expression, within: exp.Expression | None) -> bool:
    node = function.parent
    while node is not None and node is not within:
        if isinstance(node, exp.Case | exp.Coalesce):
            return True
        node = node.parent
    return isinstance(within, exp.Case | exp.Coalesce)


def _locks(statement: exp.Expression, roots: Roots) -> Iterator[str]:
    for query in statement.find_all(exp.Select):
        if query.args.get("locks"):
            tables = [roots[id(one)] for one in query.find_all(exp.Table) if id(one) in roots]
            names = sorted({name for name, root in tables if root[0] == "column"})
            if names:
                yield f"locks rows of {', '.join(names)} under several keys"


def _locks_everywhere(
    statement: exp.Expression, keys: Mapping[str, str], whole: frozenset[str]
) -> Iterator[str]:
    """Look for locks of a table on every server: two that lock a row wait for each other."""
    for query in statement.find_all(exp.Select):
        if query.args.get("locks"):
            names = {one.name for one in query.find_all(exp.Table) if _above(one) is query}
            for name in sorted(names - whole):
                if keys.get(name) == REFERENCE:
                    yield f"locks {name}, which every server has in full: keep it at the coordinator"


def _recursive_views(statement: exp.Expression, roots: Roots) -> Iterator[str]:
    parts = {
        id(one.find_ancestor(exp.CTE)) for one in statement.find_all(exp.Table) if id(one) in roots
    }
    for view in statement.find_all(exp.Table):
        if view.name in RECURSIVE and id(view.find_ancestor(exp.CTE)) in parts:
            yield f"{view.name} beside rows of several keys: read it in a part of its own"


def _at_the_coordinator(
    statement: exp.Expression, whole: frozenset[str], roots: Roots
) -> Iterator[str]:
    """Look for lookups at the coordinator for each row of a shard, even of a single key."""
    for query in statement.find_all(*_QUERIES):
        spread = {name for name, _ in _tables(query, roots)}
        for one in _dependent(query) if spread else ():
            names = {table.name for table in one.find_all(exp.Table)} & whole
            if names and not (_is_lateral(one) and any(_tables(one, roots))):
                yield f"{', '.join(sorted(names))} is looked up for each row of {min(spread)}"


# --- parts of a query over several keys -----------------------------------------------------


def _above(node: exp.Expression) -> exp.Expression | None:
    return node.find_ancestor(*_QUERIES)


def _names(query: exp.Expression) -> set[str]:
    """Names of what a query reads from, at its own level."""
    return {
        one.alias_or_name
        for one in query.find_all(exp.Table, exp.Subquery, exp.Lateral, exp.Unnest)
        if one.alias_or_name and _above(one) is query
    }


def _depends(query: exp.Expression) -> bool:
    """Tell whether a query names a column of one around it."""
    outer: set[str] = set()
    node = _above(query)
    if node is None or isinstance(query.parent, exp.CTE):  # its body depends on nothing
        return False
    while node is not None:
        outer |= _names(node)
        node = _above(node)
    inner = _names(query).union(*(_names(one) for one in query.find_all(*_QUERIES)))
    return any(column.table in outer - inner for column in query.find_all(exp.Column))


def _part(query: exp.Expression, roots: Roots) -> Iterator[str]:
    """Look at a query together with those inside that depend on its rows."""
    own = set(_tables(query, roots))
    inner = list(_dependent(query))
    met = own.union(*(set(_tables(one, roots)) for one in inner))
    if len({root for _, root in met}) > 1:
        names = ", ".join(sorted({name for name, _ in met}))
        yield f"joins {names} otherwise than by their key"
        return
    for one in inner:
        theirs = set(_tables(one, roots))
        if theirs and not own:
            names = ", ".join(sorted({name for name, _ in theirs}))
            if _is_lateral(one):
                if one.args.get("limit") or one.args.get("distinct") or _sums_all(one):
                    yield f"a limit, DISTINCT or total of {names} for each row of another"
            else:
                yield f"{names} is looked up for each row of what is not spread"


def _indirect(query: exp.Expression, keys: Mapping[str, str], roots: Roots) -> Iterator[str]:
    """Look for outer joins and subqueries that name a key by way of a WITH query, not of a table.

    Such an equality does not lead on to the spread tables beside it.
    """
    spread = [one for one in query.find_all(exp.Table) if id(one) in roots and _above(one) is query]
    if not spread:
        return
    conditions = [
        (join.this, join.args.get("on"))
        for join in query.args.get("joins") or ()
        if join.side == "LEFT" and id(join.this) in roots
    ]
    for one in _dependent(query):
        for table in one.find_all(exp.Table):
            if id(table) in roots and _above(table) is one:
                conditions.append((table, one))
    for table, condition in conditions:
        others = [
            _other(equal, table, keys) for equal in (condition or exp.Null()).find_all(exp.EQ)
        ]
        named = {name for name in others if name}
        recurring = {
            source.alias_or_name
            for source in query.find_all(exp.Table, exp.Unnest)
            if id(source) not in roots and _above(source) is query
        }
        before = {one.alias_or_name for one in spread if one is not table}
        if before and named and named <= recurring:
            yield f"{table.name} is joined by {', '.join(sorted(named))}, not by {', '.join(sorted(before))}"


def _other(equal: exp.Expression, table: exp.Expression, keys: Mapping[str, str]) -> str:
    """Name what the key of a table equals in a condition, or nothing."""
    sides = [equal.this, equal.expression]
    for side, other in (sides, sides[::-1]):
        if (
            isinstance(side, exp.Column)
            and isinstance(other, exp.Column)
            and (side.table, side.name) == (table.alias_or_name, keys[table.name])
        ):
            return str(other.table)
    return ""


def _tables(query: exp.Expression, roots: Roots) -> Iterator[tuple[str, Any]]:
    for table in query.find_all(exp.Table):
        if id(table) in roots and _above(table) is query:
            yield roots[id(table)]


def _dependent(query: exp.Expression) -> Iterator[exp.Expression]:
    for one in query.find_all(*_QUERIES):
        if one is not query and _above(one) is query and _depends(one):
            yield one
            yield from _dependent(one)


def _is_lateral(query: exp.Expression) -> bool:
    node = query.parent
    while isinstance(node, exp.Subquery):
        node = node.parent
    return isinstance(node, exp.Lateral)


def _sums_all(query: exp.Expression) -> bool:
    if query.args.get("group"):
        return False
    return any(item.find(exp.AggFunc) for item in query.args.get("expressions", ()))
