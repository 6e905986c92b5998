#!/bin/bash
# Webhooks, reloads, stores, signals and listeners that go wrong, each in its way.
exec /usr/bin/python3 "$SOURCE/tests/integration/faults.py"
