# Unit tests of this suite. One is four lines:
#	check_PROGRAMS += tests/unit/test_x
#	TESTS += tests/unit/test_x
#	tests_unit_test_x_SOURCES = tests/unit/test_x.c
#	tests_unit_test_x_LDADD = $(LIBS_NOTIFIERS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_message
TESTS += tests/unit/test_message
tests_unit_test_message_SOURCES = tests/unit/test_message.c
tests_unit_test_message_LDADD = $(LIBS_NOTIFIERS) $(CMOCKA_LIBS)
