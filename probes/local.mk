# Sources and headers of probes, one a line, in alphabetical order.
noinst_LIBRARIES += probes/libprobes.a
probes_libprobes_a_SOURCES =
