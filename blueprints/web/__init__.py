"""What the audiences' pages share: access, transactions, fields, downloads."""
