# Unit tests of lib/base, one per file, in alphabetical order.

check_PROGRAMS += tests/unit/test_buf
TESTS += tests/unit/test_buf
tests_unit_test_buf_SOURCES = tests/unit/test_buf.c tests/unit/bugs.h
tests_unit_test_buf_LDADD = $(LIBS_BASE) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_clock
TESTS += tests/unit/test_clock
tests_unit_test_clock_SOURCES = tests/unit/test_clock.c tests/unit/bugs.h
tests_unit_test_clock_LDADD = $(LIBS_BASE) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_digest
TESTS += tests/unit/test_digest
tests_unit_test_digest_SOURCES = tests/unit/test_digest.c
tests_unit_test_digest_LDADD = $(LIBS_BASE) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_err
TESTS += tests/unit/test_err
tests_unit_test_err_SOURCES = tests/unit/test_err.c tests/unit/bugs.h
tests_unit_test_err_LDADD = $(LIBS_BASE) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_json
TESTS += tests/unit/test_json
tests_unit_test_json_SOURCES = tests/unit/test_json.c tests/unit/bugs.h
tests_unit_test_json_LDADD = $(LIBS_BASE) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_log
TESTS += tests/unit/test_log
tests_unit_test_log_SOURCES = tests/unit/test_log.c tests/unit/bugs.h
tests_unit_test_log_LDADD = $(LIBS_BASE) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_mem
TESTS += tests/unit/test_mem
tests_unit_test_mem_SOURCES = tests/unit/test_mem.c tests/unit/bugs.h
tests_unit_test_mem_LDADD = $(LIBS_BASE) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_rand
TESTS += tests/unit/test_rand
tests_unit_test_rand_SOURCES = tests/unit/test_rand.c tests/unit/bugs.h
tests_unit_test_rand_LDADD = $(LIBS_BASE) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_str
TESTS += tests/unit/test_str
tests_unit_test_str_SOURCES = tests/unit/test_str.c
tests_unit_test_str_LDADD = $(LIBS_BASE) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_text
TESTS += tests/unit/test_text
tests_unit_test_text_SOURCES = tests/unit/test_text.c
tests_unit_test_text_LDADD = $(LIBS_BASE) $(CMOCKA_LIBS)
