"""Copies that people hold in their hands or on an e-reader: PDF to print, and EPUB. Made from `site.db` alone."""
