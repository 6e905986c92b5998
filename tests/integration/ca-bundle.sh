#!/bin/sh
# Each root of the system, read by us and by the openssl program: the same names, serial, times,
# fingerprint, algorithms.
set -eu
if [ ! -r /etc/ssl/certs/ca-certificates.crt ]; then
	echo "no ca-certificates on this machine"
	exit 77
fi
make -s -C "$BUILD" tests/unit/test_read
COMPARE_ALL=1 "$BUILD/tests/unit/test_read"
