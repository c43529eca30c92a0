"""The any-order network of one table: what it is, how it is trained, what that may cost, how rows are drawn."""
