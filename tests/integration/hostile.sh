#!/bin/bash
# Certificates and servers made to do harm.
exec /usr/bin/python3 "$SOURCE/tests/integration/hostile.py"
