"""``python -m lossnlp`` is the command line."""

from lossnlp.cli import main

main()
