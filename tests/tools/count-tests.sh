#!/bin/sh
# tools/count-tests counts cases of cmocka programs, and other tests by one.
set -eu
mkdir -p "$TMPDIR/results/unit"
cd "$TMPDIR/results"
result() {
	echo ":test-result: $2" > "$1.trs"
	cat > "$1.log"
}
result unit/good PASS <<'L'
[==========] Running 3 test(s).
[ RUN      ] a
[       OK ] a
[ RUN      ] b
[       OK ] b
[  SKIPPED ] c
[==========] 3 test(s) run.
[  PASSED  ] 2 test(s).
[  SKIPPED ] 1 test(s), listed below:
[  SKIPPED ] c
L
result unit/bad FAIL <<'L'
[       OK ] a
[  FAILED  ] b
[  PASSED  ] 1 test(s).
[  FAILED  ] 1 test(s), listed below:
[  FAILED  ] b
L
result unit/crashed FAIL <<'L'
[       OK ] a
L
result script PASS </dev/null
result left SKIP </dev/null
result broken ERROR </dev/null
counted=$("$SOURCE/tools/count-tests" .)
[ "$counted" = '5 3 2' ] || {
	echo "counted $counted"
	exit 1
}
