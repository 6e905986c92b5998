# The daemon. Its folders below are libraries of their own.
sbin_PROGRAMS += daemon/expiryd
daemon_expiryd_SOURCES = \
	daemon/main.c
daemon_expiryd_LDADD = $(LIBS_DAEMON)
