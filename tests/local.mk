# Tests. `make check` runs all that is in TESTS; each suite lists its own in its own fragment.
#
# Each test runs under tools/run-test: a directory of its own, a deadline, its processes ended.
TEST_EXTENSIONS = .sh
LOG_COMPILER = $(top_srcdir)/tools/run-test
SH_LOG_COMPILER = $(top_srcdir)/tools/run-test
AM_TESTS_ENVIRONMENT = \
	SOURCE='$(abs_top_srcdir)'; export SOURCE; \
	BUILD='$(abs_top_builddir)'; export BUILD; \
	EXPIRYD='$(abs_top_builddir)/daemon/expiryd'; export EXPIRYD; \
	EXPIRYCTL='$(abs_top_builddir)/cli/expiryctl'; export EXPIRYCTL; \
	FUZZERS='$(FUZZERS)'; export FUZZERS; \
	COMPILE='$(CC) $(DEFS) $(AM_CPPFLAGS) $(CPPFLAGS) $(AM_CFLAGS) $(CFLAGS)'; export COMPILE;

# For tests/integration only, which `make check` leaves alone.
INTEGRATION =
# For tests/fuzz and tests/bench.
FUZZERS =
BENCHES =

# Everything a test reads beside its own source is listed by its fragment in EXTRA_DIST.
if CMOCKA
include $(top_srcdir)/tests/unit/base.mk
include $(top_srcdir)/tests/unit/model.mk
include $(top_srcdir)/tests/unit/rules.mk
include $(top_srcdir)/tests/unit/loop.mk
include $(top_srcdir)/tests/unit/tls.mk
include $(top_srcdir)/tests/unit/config.mk
include $(top_srcdir)/tests/unit/wire.mk
include $(top_srcdir)/tests/unit/stores.mk
include $(top_srcdir)/tests/unit/probes.mk
include $(top_srcdir)/tests/unit/notifiers.mk
include $(top_srcdir)/tests/unit/keeper.mk
include $(top_srcdir)/tests/unit/cli.mk
else
TESTS += tests/tools/no-cmocka.sh
endif
EXTRA_DIST += tests/tools/no-cmocka.sh

include $(top_srcdir)/tests/scenarios/local.mk
include $(top_srcdir)/tests/integration/local.mk
include $(top_srcdir)/tests/fuzz/local.mk
include $(top_srcdir)/tests/bench/local.mk
include $(top_srcdir)/tests/tools/local.mk
