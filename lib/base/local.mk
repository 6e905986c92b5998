# Sources and headers of lib/base, one a line, in alphabetical order.
noinst_LIBRARIES += lib/base/libbase.a
lib_base_libbase_a_SOURCES = \
	lib/base/buf.h \
	lib/base/clock.h \
	lib/base/digest.h \
	lib/base/err.h \
	lib/base/json.h \
	lib/base/log.h \
	lib/base/mem.h \
	lib/base/rand.h \
	lib/base/str.h \
	lib/base/sys.h \
	lib/base/text.h
