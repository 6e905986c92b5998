# Unit tests of this suite. One is four lines:
#	check_PROGRAMS += tests/unit/test_x
#	TESTS += tests/unit/test_x
#	tests_unit_test_x_SOURCES = tests/unit/test_x.c
#	tests_unit_test_x_LDADD = $(LIBS_CONFIG) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_config
TESTS += tests/unit/test_config
tests_unit_test_config_SOURCES = tests/unit/test_config.c
tests_unit_test_config_LDADD = $(LIBS_CONFIG) $(CMOCKA_LIBS)
