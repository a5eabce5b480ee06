"""The only place with SQL: one module for each table, plain functions over a transaction."""
