# Scenarios: the real keeper over real SQLite in virtual time, with scripted looks and a sink in
# memory. The fakes stand first, so that they are linked instead of what they replace.
scenario_sources = \
	tests/fakes/fake_lookers.c \
	tests/fakes/fake_lookers.h \
	tests/fakes/fake_notifier.c \
	tests/fakes/fake_notifier.h \
	tests/fakes/no_api.c \
	tests/scenarios/scenario.c \
	tests/scenarios/scenario.h

check_PROGRAMS += tests/scenarios/test_schedule
TESTS += tests/scenarios/test_schedule
tests_scenarios_test_schedule_SOURCES = tests/scenarios/test_schedule.c $(scenario_sources)
tests_scenarios_test_schedule_LDADD = $(LIBS_KEEPER) $(CMOCKA_LIBS)

check_PROGRAMS += tests/scenarios/test_outage
TESTS += tests/scenarios/test_outage
tests_scenarios_test_outage_SOURCES = tests/scenarios/test_outage.c $(scenario_sources)
tests_scenarios_test_outage_LDADD = $(LIBS_KEEPER) $(CMOCKA_LIBS)

check_PROGRAMS += tests/scenarios/test_telling
TESTS += tests/scenarios/test_telling
tests_scenarios_test_telling_SOURCES = tests/scenarios/test_telling.c $(scenario_sources)
tests_scenarios_test_telling_LDADD = $(LIBS_KEEPER) $(CMOCKA_LIBS)
