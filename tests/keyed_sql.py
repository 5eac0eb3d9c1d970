"""Reads a SQL statement as a sharded database would: which key does each table in it stand under?

A table occurrence is *keyed* when its key column equals, by conditions that must all hold, a
parameter or a constant: directly, through other columns, through a CTE or a subquery's output. An
INSERT is keyed when the key is among its columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import sqlglot
from sqlglot import exp

from tests import spread_sql

Atom: TypeAlias = tuple[Any, ...]
"""("param", n) | ("constant", text) | ("column", source, name)."""
Outputs: TypeAlias = dict[str, Atom | None]

VOLATILE = ("clock_timestamp", "random", "gen_random_uuid", "statement_timestamp", "timeofday")


@dataclass
class Reading:
    """The reading of a statement: its faults, and the parameters that are keys."""

    problems: list[str] = field(default_factory=list)
    """Deeds that no statement of a request may do."""
    unkeyed: list[str] = field(default_factory=list)
    """Keyed tables that it meets without their key."""
    keys: list[Atom] = field(default_factory=list)
    """The parameters and constants that are keys."""
    locks_unkeyed: bool = False
    writes: bool = False
    refused: list[str] = field(default_factory=list)
    """Deeds that a distributed database refuses (tests/spread_sql.py)."""


@dataclass
class _Source:
    """One table, CTE, subquery or function in a FROM."""

    number: int
    alias: str
    table: str | None = None
    outputs: Outputs | None = None


class _Scope:
    def __init__(self, outer: _Scope | None = None) -> None:
        self.outer = outer
        self.sources: dict[str, _Source] = {}
        self.ctes: dict[str, Outputs] = dict(outer.ctes) if outer else {}


SAVEPOINTS = ("SAVEPOINT ", "RELEASE SAVEPOINT ", "ROLLBACK TO SAVEPOINT ")
"""Statements about a transaction, of no table; the parser does not know the second one."""


def read(
    sql: str, keys: Mapping[str, str], whole: frozenset[str] = frozenset(), key_by_key: bool = False
) -> Reading:
    """Read one statement.

    Args:
        keys: table → key column ("reference" for small shared tables).
        whole: keyed tables that lie whole at the coordinator of a distributed database.
        key_by_key: `= ANY(…)` names one key: `shared.db.lock_rows` sends it for one after another.
    """
    reader = _Reader(keys, key_by_key=key_by_key)
    if sql.startswith(SAVEPOINTS):
        return reader.reading
    try:
        statements = [one for one in sqlglot.parse(sql, dialect="postgres") if one is not None]
    except sqlglot.errors.SqlglotError as error:
        reader.reading.problems.append(f"cannot be read: {str(error)[:200]}")
        return reader.reading
    if len(statements) > 1:
        reader.reading.problems.append("several statements in one string")
    for statement in statements:
        reader.forbidden(statement)
        reader.statement(statement, _Scope())
    reader.conclude()
    for statement in statements:
        found = spread_sql.refused(statement, keys, whole, reader.roots())
        reader.reading.refused += dict.fromkeys(found)
    return reader.reading


class _Reader:
    def __init__(self, keys: Mapping[str, str], *, key_by_key: bool) -> None:
        self.keys = keys
        self.key_by_key = key_by_key
        self.reading = Reading()
        self._parents: dict[Atom, Atom] = {}
        self._number = 0
        self._met: list[tuple[_Source, exp.Expression]] = []
        self._inserted: list[Atom | None] = []

    # --- one value is another --------------------------------------------------------------

    def _root(self, atom: Atom) -> Atom:
        while (parent := self._parents.get(atom, atom)) != atom:
            atom = parent
        return atom

    def _same(self, one: Atom | None, other: Atom | None) -> None:
        if one is None or other is None:
            return
        one, other = self._root(one), self._root(other)
        if one[0] == "column":
            self._parents[one] = other
        elif other[0] == "column":
            self._parents[other] = one

    # --- statements ------------------------------------------------------------------------

    def statement(self, node: exp.Expression, scope: _Scope) -> Outputs:
        """Read a query or a change; the values of its output columns."""
        self._ctes(node, scope)
        match node:
            case exp.Select():
                return self._select(node, scope)
            case exp.SetOperation():
                return self._union(node, scope)
            case exp.Subquery():
                return self.statement(node.this, _Scope(scope))
            case exp.Insert():
                return self._insert(node, scope)
            case exp.Update() | exp.Delete():
                return self._change(node, scope)
            case _:
                return {}

    def _ctes(self, node: exp.Expression, scope: _Scope) -> None:
        with_ = node.args.get("with_") or node.args.get("with")
        for cte in with_.expressions if with_ else ():
            outputs = self.statement(cte.this, _Scope(scope))
            named = [column.name for column in cte.args["alias"].args.get("columns") or ()]
            if named:
                outputs = dict(zip(named, outputs.values(), strict=False))
            scope.ctes[cte.alias] = outputs

    def _select(self, node: exp.Select, scope: _Scope) -> Outputs:
        self._from(node, scope)
        self._conditions(node, scope)
        outputs: Outputs = {}
        for index, item in enumerate(node.expressions):
            if isinstance(item, exp.Star) or (
                isinstance(item, exp.Column) and isinstance(item.this, exp.Star)
            ):
                for source in scope.sources.values():
                    outputs |= source.outputs or {}
                    if source.table in self.keys:
                        key = self.keys[source.table or ""]
                        outputs[key] = ("column", source.number, key)
                continue
            outputs[item.alias_or_name or str(index)] = self._atom(item, scope)
        self._inner(node, scope)
        return outputs

    def _union(self, node: exp.SetOperation, scope: _Scope) -> Outputs:
        left = self.statement(node.left, _Scope(scope))
        right = self.statement(node.right, _Scope(scope))
        both = zip(left.items(), right.values(), strict=False)
        return {name: one if self._are_same(one, other) else None for (name, one), other in both}

    def _are_same(self, one: Atom | None, other: Atom | None) -> bool:
        return one is not None and other is not None and self._root(one) == self._root(other)

    def _insert(self, node: exp.Insert, scope: _Scope) -> Outputs:
        self.reading.writes = True
        schema = node.this
        columns = [one.name for one in schema.expressions] if isinstance(schema, exp.Schema) else []
        table = (schema.this if isinstance(schema, exp.Schema) else schema).name
        key = self.keys.get(table, "reference")
        values: list[Outputs] = []
        body = node.expression
        if isinstance(body, exp.Values):
            for row in body.expressions:
                atoms = [self._atom(value, scope) for value in row.expressions]
                values.append(dict(zip(columns, atoms, strict=False)))
            self._inner(body, scope)
        elif body is not None:
            outputs = self.statement(body, _Scope(scope))
            values.append(dict(zip(columns, outputs.values(), strict=False)))
        if key != "reference":
            if key not in columns:
                self.reading.unkeyed.append(f"INSERT INTO {table}")
            self._inserted += [row.get(key) for row in values]
        conflict = node.args.get("conflict")
        if conflict is not None and key != "reference":
            targets = [part.name for part in conflict.args.get("conflict_keys") or ()]
            if targets and key not in targets:
                self.reading.problems.append(f"ON CONFLICT on {table} does not name {key}")
        of = values[0] if len(values) == 1 else {}
        return {item.alias_or_name: of.get(item.name) for item in _returned(node)}

    def _change(self, node: exp.Update | exp.Delete, scope: _Scope) -> Outputs:
        self.reading.writes = True
        target = self._source(node.this, scope)
        self._from(node, scope)
        for used in node.args.get("using") or ():
            self._add(used, scope)
        self._conditions(node, scope)
        if isinstance(node, exp.Update):
            for function in node.find_all(exp.Func):
                name = function.sql(dialect="postgres").lower()
                if name.startswith(VOLATILE):
                    self.reading.problems.append(f"a volatile function in UPDATE: {name}")
            for change in node.expressions:
                if isinstance(change, exp.EQ) and change.this.name == self.keys.get(
                    target.table or ""
                ):
                    self.reading.problems.append(f"changes the key of {target.table}")
        self._inner(node, scope)
        return {item.alias_or_name: self._atom(item, scope) for item in _returned(node)}

    # --- where things come from ------------------------------------------------------------

    def _from(self, node: exp.Expression, scope: _Scope) -> None:
        from_ = node.args.get("from_") or node.args.get("from")
        if from_ is not None:
            self._add(from_.this, scope)
        for lateral in node.args.get("laterals") or ():
            self._add(lateral, scope)
        self._joins(node, scope)

    def _joins(self, node: exp.Expression, scope: _Scope) -> None:
        for join in node.args.get("joins") or ():
            source = self._add(join.this, scope)
            for column in join.args.get("using") or ():
                for other in scope.sources.values():
                    if other is not source:
                        self._same(
                            ("column", source.number, column.name),
                            ("column", other.number, column.name),
                        )
            if join.args.get("on") is not None:
                self._all_hold(join.args["on"], scope)
                self._subqueries(join.args["on"], scope)

    def _add(self, node: exp.Expression, scope: _Scope) -> _Source:
        source = self._source(node, scope)
        self._joins(node, scope)
        return source

    def _source(self, node: exp.Expression, scope: _Scope) -> _Source:
        self._number += 1
        alias = node.alias_or_name or f"#{self._number}"
        source = _Source(self._number, alias)
        if isinstance(node, exp.Table) and not isinstance(node.this, exp.Func):
            if node.name in scope.ctes and not node.db:
                source.outputs = scope.ctes[node.name]
            else:
                source.table = node.name
                self._met.append((source, node))
        elif isinstance(node, exp.Subquery):
            source.outputs = self.statement(node.this, _Scope(scope))
        elif isinstance(node, exp.Lateral):
            inner = node.this
            if isinstance(inner, exp.Subquery):
                source.outputs = self.statement(inner.this, _Scope(scope))
            elif isinstance(inner, exp.Query):
                source.outputs = self.statement(inner, _Scope(scope))
        for name, atom in (source.outputs or {}).items():
            self._same(("column", source.number, name), atom)
        scope.sources[alias] = source
        return source

    # --- conditions ------------------------------------------------------------------------

    def _conditions(self, node: exp.Expression, scope: _Scope) -> None:
        where = node.args.get("where")
        if where is not None:
            self._all_hold(where.this, scope)

    def _all_hold(self, condition: exp.Expression, scope: _Scope) -> None:
        match condition:
            case exp.And():
                self._all_hold(condition.left, scope)
                self._all_hold(condition.right, scope)
            case exp.Paren():
                self._all_hold(condition.this, scope)
            case exp.EQ(this=exp.Tuple() as left, expression=exp.Tuple() as right):
                for one, other in zip(left.expressions, right.expressions, strict=False):
                    self._same(self._atom(one, scope), self._atom(other, scope))
            case exp.EQ():
                self._same(self._atom(condition.left, scope), self._atom(condition.right, scope))

    def _inner(self, node: exp.Expression, scope: _Scope) -> None:
        """Subqueries in projections, conditions and changes."""
        for name, part in node.args.items():
            if name in {
                "from_",
                "from",
                "joins",
                "with_",
                "with",
                "laterals",
                "this",
                "using",
            } and not (name == "this" and isinstance(node, exp.Values)):
                continue
            for one in part if isinstance(part, list) else [part]:
                if isinstance(one, exp.Expression):
                    self._subqueries(one, scope)

    def _subqueries(self, node: exp.Expression, scope: _Scope) -> None:
        if isinstance(node, exp.Query):
            self.statement(node, _Scope(scope))
            return
        for child in node.iter_expressions():
            self._subqueries(child, scope)

    def _atom(self, node: exp.Expression, scope: _Scope) -> Atom | None:
        match node:
            case exp.Alias() | exp.Cast() | exp.Paren():
                return self._atom(node.this, scope)
            case exp.Parameter():
                return ("param", int(node.name))
            case exp.Literal():
                return ("constant", node.name)
            case exp.Column():
                return self._column(node, scope)
            case exp.Any() if self.key_by_key:
                return self._atom(node.this, scope)
        return None

    def _column(self, node: exp.Column, scope: _Scope | None) -> Atom | None:
        while scope is not None:
            found = [source for source in scope.sources.values() if self._has(source, node)]
            if found:
                return ("column", found[0].number, node.name)
            scope = scope.outer
        return None

    def _has(self, source: _Source, node: exp.Column) -> bool:
        if node.table:
            return source.alias == node.table
        if source.outputs is not None:
            return node.name in source.outputs
        return source.table is not None and self.keys.get(source.table) == node.name

    # --- what to make of it ----------------------------------------------------------------

    def forbidden(self, node: exp.Expression) -> None:
        """Find what no statement may do on a sharded database, keyed or not."""
        if isinstance(node, exp.Merge) or node.find(exp.Merge):
            self.reading.problems.append("MERGE")
        if node.find(exp.Rollup, exp.Cube, exp.GroupingSets):
            self.reading.problems.append("ROLLUP, CUBE or GROUPING SETS")
        for function in node.find_all(exp.Anonymous):
            if "advisory" in function.name.lower():
                self.reading.problems.append(f"an advisory lock: {function.name}")

    def roots(self) -> dict[int, tuple[str, Atom]]:
        """The keyed tables by their nodes, and what the key of each equals."""
        return {
            id(node): (name, self._root(("column", source.number, self.keys[name])))
            for source, node in self._met
            if self.keys.get(name := source.table or "", "reference") != "reference"
        }

    def conclude(self) -> None:
        """Which tables are keyed, now that all conditions have been read."""
        for source, node in self._met:
            key = self.keys.get(source.table or "", "reference")
            if key == "reference":
                continue
            root = self._root(("column", source.number, key))
            if root[0] == "column":
                self.reading.unkeyed.append(str(source.table))
                self.reading.locks_unkeyed |= _is_locked(node)
            else:
                self.reading.keys.append(root)
        for atom in self._inserted:
            root = self._root(atom) if atom else ("column",)
            if root[0] != "column":
                self.reading.keys.append(root)
        self.reading.keys = list(dict.fromkeys(self.reading.keys))


def _is_locked(node: exp.Expression) -> bool:
    select = node.find_ancestor(exp.Select)
    while select is not None:
        if select.args.get("locks"):
            return True
        select = select.find_ancestor(exp.Select)
    return False


def _returned(node: exp.Expression) -> Iterator[exp.Expression]:
    returning = node.args.get("returning")
    if returning is not None:
        yield from returning.expressions
