#!/usr/bin/env python
"""Django's command line for Memory Console."""

import sys

from console.core.bootstrap import prepare_process


def main() -> None:
    prepare_process()
    import django
    from django.core.management import execute_from_command_line

    django.setup()

    from console.databases.disk import Outage
    from console.profiles.programs import log_command

    try:
        log_command(*sys.argv[1:2] or [""])
    except Outage as outage:
        sys.exit(outage.message)
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
