# The developer's targets, and the tools behind them.
TOOLS = \
	tools/bench \
	tools/check-floors \
	tools/check-format \
	tools/check-headers \
	tools/check-style \
	tools/compile-commands \
	tools/count-tests \
	tools/coverage \
	tools/deps \
	tools/fuzz \
	tools/lint \
	tools/pre-commit \
	tools/run-test \
	tools/sources \
	tools/worst-functions
EXTRA_DIST += $(TOOLS) autogen.sh quickstart CONTRIBUTING.md \
	.ci/run .clang-format .editorconfig .gitignore

.PHONY: bench check-fuzz check-integration check-format check-floors check-headers check-style \
	fuzzers format hooks lint worst-functions coverage

check-integration: all
	@$(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS='$(INTEGRATION)' \
		TEST_SUITE_LOG=integration.log

fuzzers: $(FUZZERS)

FUZZ_SECONDS = 60
check-fuzz:
	@FUZZ_SECONDS='$(FUZZ_SECONDS)' MAKE='$(MAKE)' \
		$(top_srcdir)/tools/fuzz '$(abs_top_srcdir)' '$(abs_top_builddir)'

bench: $(BENCHES)
	@EXPIRYD='$(abs_top_builddir)/daemon/expiryd' \
	EXPIRYCTL='$(abs_top_builddir)/cli/expiryctl' \
		$(top_srcdir)/tools/bench $(BENCHES)

check-floors:
	@$(top_srcdir)/tools/check-floors $(top_srcdir)

check-headers: $(BUILT_SOURCES)
	@$(AM_TESTS_ENVIRONMENT) $(top_srcdir)/tools/check-headers $(top_srcdir)

check-style:
	@$(top_srcdir)/tools/check-style $(top_srcdir)

check-format:
	@$(top_srcdir)/tools/check-format $(top_srcdir)

format:
	@$(top_srcdir)/tools/check-format --write $(top_srcdir)

lint: compile_commands.json
	@$(top_srcdir)/tools/lint $(top_srcdir) $(abs_top_builddir)

compile_commands.json: Makefile
	@$(AM_TESTS_ENVIRONMENT) $(top_srcdir)/tools/compile-commands '$(abs_top_srcdir)' \
		'$(abs_top_builddir)' > $@.new
	@mv $@.new $@

coverage:
	@$(top_srcdir)/tools/coverage '$(abs_top_srcdir)' '$(abs_top_builddir)'

worst-functions:
	@$(top_srcdir)/tools/worst-functions $(top_srcdir)

hooks:
	@cd $(top_srcdir) && hooks=`git rev-parse --git-path hooks` && mkdir -p "$$hooks" && \
		cp tools/pre-commit "$$hooks/pre-commit" && chmod +x "$$hooks/pre-commit" && \
		git config expiryd.build '$(abs_top_builddir)' && \
		echo "installed $$hooks/pre-commit"

CLEANFILES += compile_commands.json integration.log
clean-local:
	rm -rf fuzz-build
	find . \( -name '*.gcda' -o -name '*.gcno' \) -exec rm -f {} +
