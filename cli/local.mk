# The command line program. What its unit tests call is a library; main.c and the commands are not.
noinst_LIBRARIES += cli/libcli.a
cli_libcli_a_SOURCES = \
	cli/asking.c \
	cli/asking.h \
	cli/cert_print.c \
	cli/cert_print.h \
	cli/client.c \
	cli/client.h \
	cli/cmd.c \
	cli/cmd.h \
	cli/globals.c \
	cli/globals.h \
	cli/input.c \
	cli/input.h \
	cli/listing.c \
	cli/listing.h \
	cli/show_print.c \
	cli/show_print.h \
	cli/table.c \
	cli/table.h \
	cli/waiting.c \
	cli/waiting.h

bin_PROGRAMS += cli/expiryctl
cli_expiryctl_SOURCES = \
	cli/cmd_ack.c \
	cli/cmd_check_config.c \
	cli/cmd_explain.c \
	cli/cmd_inspect.c \
	cli/cmd_list.c \
	cli/cmd_notifier.c \
	cli/cmd_pem.c \
	cli/cmd_probe.c \
	cli/cmd_recheck.c \
	cli/cmd_reload.c \
	cli/cmd_show.c \
	cli/cmd_status.c \
	cli/cmd_store.c \
	cli/columns.h \
	cli/main.c \
	cli/nagios.c \
	cli/nagios.h \
	cli/probe_print.c \
	cli/probe_print.h \
	cli/probing.c \
	cli/probing.h
cli_expiryctl_LDADD = cli/libcli.a $(LIBS_CLI)
