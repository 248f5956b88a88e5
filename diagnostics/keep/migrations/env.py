"""What Alembic runs for every command: on the connection that `upgrade` holds."""

from __future__ import annotations

from alembic import context

from diagnostics.keep.migrations.upgrade import VERSION_TABLE
from diagnostics.keep.review.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,
    transactional_ddl=True,
)
# The transaction is `upgrade`'s own: all steps are taken, or none.
context.run_migrations()
