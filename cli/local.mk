# The command line program.
bin_PROGRAMS += cli/expiryctl
cli_expiryctl_SOURCES = \
	cli/cmd.h \
	cli/cmd_probe.c \
	cli/main.c \
	cli/nagios.c \
	cli/nagios.h \
	cli/probe_print.c \
	cli/probe_print.h \
	cli/probing.c \
	cli/probing.h
cli_expiryctl_LDADD = $(LIBS_CLI)
