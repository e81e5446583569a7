"""`python -m shoplab` is the command line."""

from shoplab.cli import main

main()
