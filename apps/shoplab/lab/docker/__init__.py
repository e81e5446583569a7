"""The lab in Docker: the whole stack by Compose, jobs by spark-submit on its cluster."""
