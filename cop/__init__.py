"""An offline-first microsite and sync tool for a community of practice."""

__version__ = "0.1.0"
