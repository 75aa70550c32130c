"""Entries of other programs as content files: references, tables and calendars."""
