"""``python -m email_contacts.contacts``: see ``command_line``."""

import sys

from email_contacts.contacts.cli.command_line import main

sys.exit(main())
