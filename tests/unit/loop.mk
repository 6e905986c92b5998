# Unit tests of this suite.
check_PROGRAMS += tests/unit/test_resolve
TESTS += tests/unit/test_resolve
tests_unit_test_resolve_SOURCES = \
	tests/unit/test_resolve.c \
	tests/unit/loop_help.c \
	tests/unit/loop_help.h \
	tests/unit/loop_dns.c \
	tests/unit/loop_dns.h
tests_unit_test_resolve_LDADD = $(LIBS_LOOP) $(CMOCKA_LIBS)
