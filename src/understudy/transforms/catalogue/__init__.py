"""The transformers, one small file for each or for a few of a kind; ``registry`` lists them."""
