# Unit tests of this suite. One is four lines:
#	check_PROGRAMS += tests/unit/test_x
#	TESTS += tests/unit/test_x
#	tests_unit_test_x_SOURCES = tests/unit/test_x.c
#	tests_unit_test_x_LDADD = $(LIBS_KEEPER) $(CMOCKA_LIBS)
API_BED = \
	tests/fakes/fake_lookers.c \
	tests/fakes/fake_lookers.h \
	tests/fakes/fake_notifier.c \
	tests/fakes/fake_notifier.h \
	tests/unit/api_bed.c \
	tests/unit/api_bed.h

check_PROGRAMS += tests/unit/test_api
TESTS += tests/unit/test_api
tests_unit_test_api_SOURCES = tests/unit/test_api.c $(API_BED)
tests_unit_test_api_LDADD = $(LIBS_KEEPER) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_api_targets
TESTS += tests/unit/test_api_targets
tests_unit_test_api_targets_SOURCES = tests/unit/test_api_targets.c $(API_BED)
tests_unit_test_api_targets_LDADD = $(LIBS_KEEPER) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_api_alerts
TESTS += tests/unit/test_api_alerts
tests_unit_test_api_alerts_SOURCES = tests/unit/test_api_alerts.c $(API_BED)
tests_unit_test_api_alerts_LDADD = $(LIBS_KEEPER) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_api_daemon
TESTS += tests/unit/test_api_daemon
tests_unit_test_api_daemon_SOURCES = tests/unit/test_api_daemon.c $(API_BED)
tests_unit_test_api_daemon_LDADD = $(LIBS_KEEPER) $(CMOCKA_LIBS)
