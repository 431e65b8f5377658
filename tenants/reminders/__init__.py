"""What is due, to whom it is sent, and the ledger that sends it once."""
