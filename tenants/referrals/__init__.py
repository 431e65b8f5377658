"""The referral log, which points at CPOMS and never names a child."""
