"""Use cases: plain functions, `platform` first. Transactions open and close here."""
