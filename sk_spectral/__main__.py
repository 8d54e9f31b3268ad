"""``python -m sk_spectral report table.csv --target y``."""

import sys

from sk_spectral.report import main

if __name__ == "__main__":
    sys.exit(main())
