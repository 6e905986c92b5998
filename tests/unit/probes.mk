# Unit tests of this suite. One is four lines:
#	check_PROGRAMS += tests/unit/test_x
#	TESTS += tests/unit/test_x
#	tests_unit_test_x_SOURCES = tests/unit/test_x.c
#	tests_unit_test_x_LDADD = $(LIBS_PROBES) $(CMOCKA_LIBS)
PEERS = tests/unit/peers.c tests/unit/peers.h
FAKE_RESOLVE = tests/unit/fake_resolve.c tests/unit/fake_resolve.h
ROLE_CLIENT = tests/unit/role_client.c tests/unit/role_client.h

check_PROGRAMS += tests/unit/test_look
TESTS += tests/unit/test_look
tests_unit_test_look_SOURCES = tests/unit/test_look.c $(FAKE_RESOLVE) $(PEERS)
tests_unit_test_look_LDADD = $(LIBS_PROBES) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_lookup
TESTS += tests/unit/test_lookup
tests_unit_test_lookup_SOURCES = tests/unit/test_lookup.c $(FAKE_RESOLVE) $(PEERS)
tests_unit_test_lookup_LDADD = $(LIBS_PROBES) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_pass
TESTS += tests/unit/test_pass
tests_unit_test_pass_SOURCES = tests/unit/test_pass.c $(PEERS)
tests_unit_test_pass_LDADD = $(LIBS_PROBES) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_probe
TESTS += tests/unit/test_probe
tests_unit_test_probe_SOURCES = tests/unit/test_probe.c $(PEERS)
tests_unit_test_probe_LDADD = $(LIBS_PROBES) $(CMOCKA_LIBS)

# A role of its own: the program starts itself again.
check_PROGRAMS += tests/unit/test_prober
TESTS += tests/unit/test_prober
tests_unit_test_prober_SOURCES = tests/unit/test_prober.c $(PEERS) $(ROLE_CLIENT)
tests_unit_test_prober_LDADD = $(LIBS_PROBES_HOOKS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_reader
TESTS += tests/unit/test_reader
tests_unit_test_reader_SOURCES = tests/unit/test_reader.c $(PEERS) $(ROLE_CLIENT)
tests_unit_test_reader_LDADD = $(LIBS_PROBES) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_zoo
TESTS += tests/unit/test_zoo
tests_unit_test_zoo_SOURCES = tests/unit/test_zoo.c tests/unit/certs.c tests/unit/certs.h \
	$(PEERS) $(ROLE_CLIENT)
tests_unit_test_zoo_LDADD = $(LIBS_PROBES) $(CMOCKA_LIBS)
