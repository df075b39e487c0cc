"""Decisions on plain tables and arrays: no files, no geometry, no printing."""
