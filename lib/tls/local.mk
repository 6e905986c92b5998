# Sources and headers of lib/tls, one a line, in alphabetical order.
noinst_LIBRARIES += lib/tls/libtls.a
lib_tls_libtls_a_SOURCES = \
	lib/tls/anchors.c \
	lib/tls/chain.c \
	lib/tls/chain.h \
	lib/tls/chain_diagnose.c \
	lib/tls/chain_parts.h \
	lib/tls/chain_path.c \
	lib/tls/der.c \
	lib/tls/der.h \
	lib/tls/library.c \
	lib/tls/library.h \
	lib/tls/name.c \
	lib/tls/name.h \
	lib/tls/read.c \
	lib/tls/read.h \
	lib/tls/read_extensions.c \
	lib/tls/read_file.c \
	lib/tls/read_parts.h \
	lib/tls/read_text.c \
	lib/tls/session.c \
	lib/tls/session.h \
	lib/tls/session_chain.c \
	lib/tls/session_chain.h \
	lib/tls/session_io.c \
	lib/tls/session_io.h \
	lib/tls/version.c
