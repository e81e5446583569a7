"""What spark-submit runs: the lab's command line. The workers have it from the zip file that --py-files brought."""

import sys
from pathlib import Path

# In the lab's images the driver has files: their kernels are compiled already, a zip file's can't be kept
if Path("/opt/shoplab/apps").is_dir():
    sys.path.insert(0, "/opt/shoplab/apps")

from shoplab.cli import main

main()
