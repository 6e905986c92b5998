# Unit tests of this suite. One is four lines:
#	check_PROGRAMS += tests/unit/test_x
#	TESTS += tests/unit/test_x
#	tests_unit_test_x_SOURCES = tests/unit/test_x.c
#	tests_unit_test_x_LDADD = $(LIBS_TLS) $(CMOCKA_LIBS)
EXTRA_DIST += tests/certs/make.sh

check_PROGRAMS += tests/unit/test_cert
TESTS += tests/unit/test_cert
tests_unit_test_cert_SOURCES = tests/unit/test_cert.c
tests_unit_test_cert_LDADD = $(LIBS_TLS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_chain
TESTS += tests/unit/test_chain
tests_unit_test_chain_SOURCES = tests/unit/test_chain.c tests/unit/certs.c tests/unit/certs.h
tests_unit_test_chain_LDADD = $(LIBS_TLS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_name
TESTS += tests/unit/test_name
tests_unit_test_name_SOURCES = tests/unit/test_name.c
tests_unit_test_name_LDADD = $(LIBS_TLS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_read
TESTS += tests/unit/test_read
tests_unit_test_read_SOURCES = tests/unit/test_read.c tests/unit/certs.c tests/unit/certs.h
tests_unit_test_read_LDADD = $(LIBS_TLS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_read_file
TESTS += tests/unit/test_read_file
tests_unit_test_read_file_SOURCES = tests/unit/test_read_file.c tests/unit/certs.c \
	tests/unit/certs.h
tests_unit_test_read_file_LDADD = $(LIBS_TLS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_session
TESTS += tests/unit/test_session
tests_unit_test_session_SOURCES = tests/unit/test_session.c tests/unit/certs.c tests/unit/certs.h
tests_unit_test_session_LDADD = $(LIBS_TLS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_session_bytes
TESTS += tests/unit/test_session_bytes
tests_unit_test_session_bytes_SOURCES = tests/unit/test_session_bytes.c
tests_unit_test_session_bytes_LDADD = $(LIBS_TLS) $(CMOCKA_LIBS)
