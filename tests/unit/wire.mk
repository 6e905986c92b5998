# Unit tests of lib/wire, one per file, in alphabetical order.

check_PROGRAMS += tests/unit/test_channel
TESTS += tests/unit/test_channel
tests_unit_test_channel_SOURCES = tests/unit/test_channel.c tests/unit/descriptors.h
tests_unit_test_channel_LDADD = $(LIBS_WIRE) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_frame
TESTS += tests/unit/test_frame
tests_unit_test_frame_SOURCES = tests/unit/test_frame.c
tests_unit_test_frame_LDADD = $(LIBS_WIRE) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_gather
TESTS += tests/unit/test_gather
tests_unit_test_gather_SOURCES = tests/unit/test_gather.c \
	tests/unit/sample.c tests/unit/sample.h
tests_unit_test_gather_LDADD = $(LIBS_WIRE) $(CMOCKA_LIBS)

LOOKERS_BED = tests/unit/descriptors.h tests/unit/lookers_bed.c tests/unit/lookers_bed.h \
	tests/unit/roles.c tests/unit/roles.h tests/unit/sample.h

check_PROGRAMS += tests/unit/test_lookers
TESTS += tests/unit/test_lookers
tests_unit_test_lookers_SOURCES = tests/unit/test_lookers.c $(LOOKERS_BED)
tests_unit_test_lookers_LDADD = $(LIBS_WIRE) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_lookers_death
TESTS += tests/unit/test_lookers_death
tests_unit_test_lookers_death_SOURCES = tests/unit/test_lookers_death.c $(LOOKERS_BED)
tests_unit_test_lookers_death_LDADD = $(LIBS_WIRE) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_msg
TESTS += tests/unit/test_msg
tests_unit_test_msg_SOURCES = tests/unit/test_msg.c \
	tests/unit/sample.c tests/unit/sample.h
tests_unit_test_msg_LDADD = $(LIBS_WIRE) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_role
TESTS += tests/unit/test_role
tests_unit_test_role_SOURCES = tests/unit/test_role.c tests/unit/descriptors.h
tests_unit_test_role_LDADD = $(LIBS_WIRE) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_sandbox
TESTS += tests/unit/test_sandbox
tests_unit_test_sandbox_SOURCES = tests/unit/test_sandbox.c tests/unit/system_service.h
tests_unit_test_sandbox_LDADD = $(LIBS_WIRE) $(CMOCKA_LIBS)
