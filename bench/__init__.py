"""Measurements, each beside its peer."""
