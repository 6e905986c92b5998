# Sources and headers of lib/wire, one a line, in alphabetical order.
noinst_LIBRARIES += lib/wire/libwire.a
lib_wire_libwire_a_SOURCES =
