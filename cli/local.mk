# The command line program.
if CLI
bin_PROGRAMS += cli/expiryctl
cli_expiryctl_SOURCES = \
	cli/main.c
cli_expiryctl_LDADD = $(LIBS_CLI)
endif
