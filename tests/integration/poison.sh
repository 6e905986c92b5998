#!/bin/bash
# A target that kills or holds the prober is found out among fifty that do not.
exec /usr/bin/python3 "$SOURCE/tests/integration/poison.py"
