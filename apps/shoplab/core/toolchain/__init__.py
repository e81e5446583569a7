"""Java and the servers' jars, found or fetched."""
