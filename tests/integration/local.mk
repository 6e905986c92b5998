# Integration tests, one script each: INTEGRATION += tests/integration/x.sh. They are run by
# `make check-integration` under tools/run-test, which gives each a directory ($TMPDIR), a
# deadline, and ends its processes; $EXPIRYD, $EXPIRYCTL, $SOURCE and $BUILD say what to run.
# Exit 77 means that a server is missing, and counts as a failure where CI is set.
INTEGRATION += tests/integration/ca-bundle.sh
EXTRA_DIST += tests/integration/ca-bundle.sh
INTEGRATION += tests/integration/kills.sh
EXTRA_DIST += tests/integration/kills.sh tests/integration/kills.py tests/integration/kit.py
INTEGRATION += tests/integration/flat.sh tests/integration/roles.sh
EXTRA_DIST += tests/integration/flat.sh tests/integration/flat.py tests/integration/roles.sh \
	tests/integration/roles.py tests/integration/rough.py
INTEGRATION += tests/integration/poison.sh
EXTRA_DIST += tests/integration/poison.sh tests/integration/poison.py

# The daemon with probes that a poisonous leaf kills or holds; the normal objects but for those.
check_PROGRAMS += tests/integration/expiryd-hooks
tests_integration_expiryd_hooks_SOURCES = daemon/main.c
tests_integration_expiryd_hooks_LDADD = daemon/keeper/libkeeper.a notifiers/libnotifiers.a \
	probes/libprobes_hooks.a $(LIBS_STORES)
INTEGRATION += tests/integration/daemon.sh tests/integration/probe.sh
EXTRA_DIST += tests/integration/daemon.sh tests/integration/probe.sh tests/integration/cli-kit.bash
INTEGRATION += tests/integration/faults.sh
EXTRA_DIST += tests/integration/faults.sh tests/integration/faults.py
INTEGRATION += tests/integration/hostile.sh
EXTRA_DIST += tests/integration/hostile.sh tests/integration/hostile.py
