import sys

from signalfire.cli import main

sys.exit(main())
