"""What holds between the columns of one row: found in the data, kept in every row made."""
