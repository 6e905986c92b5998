# The daemon. Its folders below are libraries of their own.
if DAEMON
sbin_PROGRAMS += daemon/expiryd
daemon_expiryd_SOURCES = \
	daemon/main.c
daemon_expiryd_LDADD = $(LIBS_DAEMON)
endif
