"""The report of a run: one HTML file, a table for the terminal and one for spreadsheets."""
