"""The kinds of identifiers there are, a file for each part of life or of the world."""
