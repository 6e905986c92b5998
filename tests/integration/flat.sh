#!/bin/bash
# 2,000 looks at 20 targets, and memory and descriptors as after 500.
exec /usr/bin/python3 "$SOURCE/tests/integration/flat.py"
