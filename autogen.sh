#!/bin/sh
# Makes ./configure from configure.ac and Makefile.am. Needed once in a checkout; a release
# tarball carries the result.
set -eu
cd "$(dirname "$0")"
exec autoreconf --install "$@"
