"""What a network learns instead of values: codes, normal scores and moments of columns, and the way back."""
