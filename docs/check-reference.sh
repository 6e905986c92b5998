#!/bin/sh
# docs/configuration.md says what the table says: docs/make-reference > docs/configuration.md.
set -eu
"${BUILD:-.}/docs/make-reference" | diff -u "${SOURCE:-$srcdir}/docs/configuration.md" -
echo '1 passed, 0 failed'
