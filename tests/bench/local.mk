# Benchmarks, run by `make bench`, which prints what each prints. One is four lines:
#	BENCHES += tests/bench/bench_x
#	EXTRA_PROGRAMS += tests/bench/bench_x
#	tests_bench_bench_x_SOURCES = tests/bench/bench_x.c
#	tests_bench_bench_x_LDADD = $(LIBS_BASE)

BENCHES += tests/bench/bench_store
EXTRA_PROGRAMS += tests/bench/bench_store
tests_bench_bench_store_SOURCES = tests/bench/bench_store.c
tests_bench_bench_store_LDADD = $(LIBS_STORES)

# May use OpenSSL directly: what it measures against is OpenSSL alone.
BENCHES += tests/bench/bench_probe
EXTRA_PROGRAMS += tests/bench/bench_probe
tests_bench_bench_probe_SOURCES = \
	tests/bench/bench_probe.c \
	tests/bench/gauge.c \
	tests/bench/gauge.h \
	tests/bench/peer.c \
	tests/bench/peer.h
tests_bench_bench_probe_LDADD = $(LIBS_DAEMON)
