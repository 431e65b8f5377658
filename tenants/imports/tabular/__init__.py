"""Tables from other people's programs: CSV in any usual form, and spreadsheets."""
