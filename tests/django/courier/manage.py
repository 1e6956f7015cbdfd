"""A courier's project, as it was written for pymess. `before.py` and `after.py` are the only files that differ."""

import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
