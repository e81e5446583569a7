"""The lab watches itself: looks at its servers, as points for the metric store."""
