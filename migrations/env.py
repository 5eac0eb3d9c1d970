"""Runs one service's branch on the connection that `services.migrate` opened.

A revision runs as the administrator with search_path = its service's schema, and grants the
service's role what it needs. Its version table stands in that schema too, so a service's database
can move house by itself.
"""

from alembic import context

schema: str = context.config.attributes["schema"]
context.configure(
    connection=context.config.attributes["connection"],
    version_table_schema=schema,
    version_table="alembic_version",
    transactional_ddl=True,
)
# The transaction is the caller's: schema, grants and revisions come to be together or not at all.
context.run_migrations()
