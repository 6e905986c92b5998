# Sources and headers of lib/tls, one a line, in alphabetical order.
noinst_LIBRARIES += lib/tls/libtls.a
lib_tls_libtls_a_SOURCES = \
	lib/tls/chain.h \
	lib/tls/name.h \
	lib/tls/read.h \
	lib/tls/session.h
