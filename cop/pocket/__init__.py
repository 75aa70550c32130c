"""The collection as one HTML file, for phones that open a single file and nothing beside it."""
