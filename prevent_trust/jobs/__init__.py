"""Work done by RQ workers: the ledger of jobs, their entry points and the one schedule table."""
