"""What a trust has looked at itself: sampled, submitted, verified or returned."""
