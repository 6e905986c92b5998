# Unit tests of this suite.
check_PROGRAMS += tests/unit/test_child
TESTS += tests/unit/test_child
tests_unit_test_child_SOURCES = \
	tests/unit/loop_help.c \
	tests/unit/loop_help.h \
	tests/unit/test_child.c
tests_unit_test_child_LDADD = $(LIBS_LOOP) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_gate
TESTS += tests/unit/test_gate
tests_unit_test_gate_SOURCES = \
	tests/unit/loop_help.c \
	tests/unit/loop_help.h \
	tests/unit/test_gate.c
tests_unit_test_gate_LDADD = $(LIBS_LOOP) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_http
TESTS += tests/unit/test_http
tests_unit_test_http_SOURCES = \
	tests/unit/loop_help.c \
	tests/unit/loop_help.h \
	tests/unit/loop_peer.c \
	tests/unit/loop_peer.h \
	tests/unit/test_http.c
tests_unit_test_http_LDADD = $(LIBS_LOOP) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_httpd
TESTS += tests/unit/test_httpd
tests_unit_test_httpd_SOURCES = \
	tests/unit/loop_help.c \
	tests/unit/loop_help.h \
	tests/unit/loop_peer.c \
	tests/unit/loop_peer.h \
	tests/unit/test_httpd.c
tests_unit_test_httpd_LDADD = $(LIBS_LOOP) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_loop
TESTS += tests/unit/test_loop
tests_unit_test_loop_SOURCES = \
	tests/unit/loop_help.c \
	tests/unit/loop_help.h \
	tests/unit/test_loop.c
tests_unit_test_loop_LDADD = $(LIBS_LOOP) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_op
TESTS += tests/unit/test_op
tests_unit_test_op_SOURCES = \
	tests/unit/loop_help.c \
	tests/unit/loop_help.h \
	tests/unit/test_op.c
tests_unit_test_op_LDADD = $(LIBS_LOOP) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_resolve
TESTS += tests/unit/test_resolve
tests_unit_test_resolve_SOURCES = \
	tests/unit/loop_dns.c \
	tests/unit/loop_dns.h \
	tests/unit/loop_help.c \
	tests/unit/loop_help.h \
	tests/unit/test_resolve.c
tests_unit_test_resolve_LDADD = $(LIBS_LOOP) $(CMOCKA_LIBS)
