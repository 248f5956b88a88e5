"""How the database came to its present schema, one file per change. Alembic runs them; `upgrade` says when."""
