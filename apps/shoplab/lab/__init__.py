"""The lab itself: what both ways to run it have in common, and each of them in a room of its own."""
