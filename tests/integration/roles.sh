#!/bin/bash
# Every role is struck at random under load; nothing is lost, blamed or leaked.
exec /usr/bin/python3 "$SOURCE/tests/integration/roles.py"
