"""Staff lists from a school's management system or a spreadsheet."""
