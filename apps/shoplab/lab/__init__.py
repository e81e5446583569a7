"""The lab itself: services, embedded processes, jars, Java, doctor."""
