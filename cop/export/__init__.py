"""Copies of the site that need no server: the same pages as files, for a stick, a phone, a web space or an e-reader."""
