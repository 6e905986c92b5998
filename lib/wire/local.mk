# Sources and headers of lib/wire, one a line, in alphabetical order.
noinst_LIBRARIES += lib/wire/libwire.a
lib_wire_libwire_a_SOURCES = \
	lib/wire/frame.c \
	lib/wire/frame.h \
	lib/wire/lookers.h \
	lib/wire/msg.c \
	lib/wire/msg.h \
	lib/wire/role.c \
	lib/wire/role.h \
	lib/wire/sandbox.c \
	lib/wire/sandbox.h
