# Sources and headers of daemon/keeper, one a line, in alphabetical order.
noinst_LIBRARIES += daemon/keeper/libkeeper.a
daemon_keeper_libkeeper_a_SOURCES =
