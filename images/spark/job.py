"""What spark-submit runs: the lab's command line, from the zip file that --py-files brought."""

from shoplab.cli import main

main()
