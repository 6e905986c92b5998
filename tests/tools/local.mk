# What `make check` asks of the source itself, and the tests of the tools that ask.
TOOL_TESTS = \
	tests/tools/check-floors.sh \
	tests/tools/check-headers.sh \
	tests/tools/check-style.sh \
	tests/tools/count-tests.sh \
	tests/tools/floors-catch.sh \
	tests/tools/style-catches.sh
TESTS += $(TOOL_TESTS)
EXTRA_DIST += $(TOOL_TESTS)
