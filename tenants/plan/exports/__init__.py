"""A plan as a file: Word, PDF, Excel and CSV."""
