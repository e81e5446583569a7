"""One case at a time, at the speed of a request: the ranking as compiled kernels over flat arrays.

`ranking` does the same for thousands of cases at once, with NumPy and SciPy; tests hold the two to one another.
"""
