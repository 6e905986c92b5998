# Sources and headers of daemon/keeper, one a line, in alphabetical order.
noinst_LIBRARIES += daemon/keeper/libkeeper.a
daemon_keeper_libkeeper_a_SOURCES = \
	daemon/keeper/api.h \
	daemon/keeper/batch.c \
	daemon/keeper/batch.h \
	daemon/keeper/claims.c \
	daemon/keeper/clockwatch.c \
	daemon/keeper/clockwatch.h \
	daemon/keeper/conditions.c \
	daemon/keeper/conditions.h \
	daemon/keeper/expansion.c \
	daemon/keeper/expansion.h \
	daemon/keeper/files.c \
	daemon/keeper/files.h \
	daemon/keeper/heartbeat.c \
	daemon/keeper/heartbeat.h \
	daemon/keeper/job_expand.c \
	daemon/keeper/job_notify.c \
	daemon/keeper/job_probe.c \
	daemon/keeper/jobs.h \
	daemon/keeper/keeper.c \
	daemon/keeper/keeper.h \
	daemon/keeper/network.c \
	daemon/keeper/network.h \
	daemon/keeper/outbox.c \
	daemon/keeper/outbox.h \
	daemon/keeper/pool.c \
	daemon/keeper/pool.h \
	daemon/keeper/reload.c \
	daemon/keeper/sweep.c \
	daemon/keeper/sweep.h \
	daemon/keeper/telling.c \
	daemon/keeper/telling.h \
	daemon/keeper/verdict.c \
	daemon/keeper/verdict.h
