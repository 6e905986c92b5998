#!/bin/sh
# Feeds each fuzz target its committed corpus, once.
set -eu
status=0
for fuzzer in $FUZZERS; do
	corpus=$SOURCE/tests/fuzz/corpus/${fuzzer##*/fuzz_}
	if [ ! -d "$corpus" ]; then
		echo "$fuzzer: no corpus in ${corpus#"$SOURCE"/}"
		status=1
	elif "$BUILD/$fuzzer" "$corpus"/*; then
		echo "$fuzzer: $(ls "$corpus" | wc -l) inputs"
	else
		echo "$fuzzer: failed"
		status=1
	fi
done
exit $status
