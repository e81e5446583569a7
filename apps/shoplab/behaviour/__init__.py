"""Clean events -> sessions -> users; funnel, paths, activity."""
