"""The clinic: training problems, each remedy tried on the user's own rows. Modules with RULES are its diagnostics."""
