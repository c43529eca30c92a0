"""What keeps a person out of the rows made: refusals of copies and outliers, and noise with its account."""
