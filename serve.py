"""Run the service from a checkout: ``python serve.py --port 8000``, as ``lossnlp serve`` does."""

import sys

from lossnlp.cli import main

if __name__ == "__main__":
    main(["serve", *sys.argv[1:]])
