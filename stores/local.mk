# Sources and headers of stores, one a line, in alphabetical order.
noinst_LIBRARIES += stores/libstores.a
stores_libstores_a_SOURCES = \
	stores/backend.c \
	stores/backend.h \
	stores/sqlite.c \
	stores/sqlite.h \
	stores/sqlite_check.c \
	stores/sqlite_claim.c \
	stores/sqlite_db.c \
	stores/sqlite_open.c \
	stores/sqlite_read.c \
	stores/sqlite_write.c \
	stores/store.h \
	stores/table.c \
	stores/version.c
