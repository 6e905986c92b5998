# Sources and headers of lib/wire, one a line, in alphabetical order.
noinst_LIBRARIES += lib/wire/libwire.a
lib_wire_libwire_a_SOURCES = \
	lib/wire/channel.c \
	lib/wire/frame.c \
	lib/wire/frame.h \
	lib/wire/gather.c \
	lib/wire/gather.h \
	lib/wire/look.c \
	lib/wire/lookers.c \
	lib/wire/lookers.h \
	lib/wire/msg.c \
	lib/wire/msg.h \
	lib/wire/pool.h \
	lib/wire/post.c \
	lib/wire/role.c \
	lib/wire/role.h \
	lib/wire/sandbox.c \
	lib/wire/sandbox.h \
	lib/wire/worker.c \
	lib/wire/worker.h
