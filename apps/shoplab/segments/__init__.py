"""Users -> RFM classes and k-means segments with names."""
