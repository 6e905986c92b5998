# Unit tests of this suite. One is four lines:
#	check_PROGRAMS += tests/unit/test_x
#	TESTS += tests/unit/test_x
#	tests_unit_test_x_SOURCES = tests/unit/test_x.c
#	tests_unit_test_x_LDADD = $(LIBS_STORES) $(CMOCKA_LIBS)
STORE_SUITE = \
	tests/suites/store_suite.c \
	tests/suites/store_suite.h \
	tests/suites/store_suite_bed.c \
	tests/suites/store_suite_bed.h \
	tests/suites/store_suite_calls.c \
	tests/suites/store_suite_docs.c \
	tests/suites/store_suite_jobs.c \
	tests/suites/store_suite_pages.c

check_PROGRAMS += tests/unit/test_store
TESTS += tests/unit/test_store
tests_unit_test_store_SOURCES = tests/unit/test_store.c $(STORE_SUITE)
tests_unit_test_store_LDADD = $(LIBS_STORES) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_store_file
TESTS += tests/unit/test_store_file
tests_unit_test_store_file_SOURCES = tests/unit/test_store_file.c $(STORE_SUITE)
tests_unit_test_store_file_LDADD = $(LIBS_STORES) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_store_full
TESTS += tests/unit/test_store_full
tests_unit_test_store_full_SOURCES = tests/unit/test_store_full.c $(STORE_SUITE)
tests_unit_test_store_full_LDADD = $(LIBS_STORES) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_store_kill
TESTS += tests/unit/test_store_kill
tests_unit_test_store_kill_SOURCES = tests/unit/test_store_kill.c $(STORE_SUITE)
tests_unit_test_store_kill_LDADD = $(LIBS_STORES) $(CMOCKA_LIBS)
