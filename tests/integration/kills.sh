#!/bin/bash
# 300 SIGKILLs at random moments, and an audit of what the sink was told.
exec /usr/bin/python3 "$SOURCE/tests/integration/kills.py"
