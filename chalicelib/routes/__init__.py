"""HTTP: one Blueprint for each resource; knows chalice, and no SQL."""
