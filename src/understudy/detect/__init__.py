"""Detection: which columns hold personal data, on what evidence, and the rule each should get."""
