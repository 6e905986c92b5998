# Sources and headers of lib/rules, one a line, in alphabetical order.
noinst_LIBRARIES += lib/rules/librules.a
lib_rules_librules_a_SOURCES =
