# Unit tests of cli, one per file, in alphabetical order.

check_PROGRAMS += tests/unit/test_cli_client
TESTS += tests/unit/test_cli_client
tests_unit_test_cli_client_SOURCES = tests/unit/test_cli_client.c
tests_unit_test_cli_client_LDADD = cli/libcli.a $(LIBS_CLI) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_cli_table
TESTS += tests/unit/test_cli_table
tests_unit_test_cli_table_SOURCES = tests/unit/test_cli_table.c
tests_unit_test_cli_table_LDADD = cli/libcli.a $(LIBS_CLI) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_cli_words
TESTS += tests/unit/test_cli_words
tests_unit_test_cli_words_SOURCES = tests/unit/test_cli_words.c
tests_unit_test_cli_words_LDADD = cli/libcli.a $(LIBS_CLI) $(CMOCKA_LIBS)
