# Sources and headers of lib/base, one a line, in alphabetical order.
noinst_LIBRARIES += lib/base/libbase.a
lib_base_libbase_a_SOURCES = \
	lib/base/buf.c \
	lib/base/buf.h \
	lib/base/clock.c \
	lib/base/clock.h \
	lib/base/digest.c \
	lib/base/digest.h \
	lib/base/err.c \
	lib/base/err.h \
	lib/base/json.c \
	lib/base/json.h \
	lib/base/log.c \
	lib/base/log.h \
	lib/base/mem.c \
	lib/base/mem.h \
	lib/base/rand.c \
	lib/base/rand.h \
	lib/base/str.c \
	lib/base/str.h \
	lib/base/sys.h \
	lib/base/text.c \
	lib/base/text.h \
	lib/base/width.c
