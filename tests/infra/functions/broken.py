"""A function that cannot be loaded."""

raise RuntimeError("this module never loads")
