/*
 * The roles that touch hostile bytes: prober (names, TLS, certificates) and reader (files). Each is
 * a main of its own that speaks lib/wire/msg.h over descriptor 3 and leaves when the channel ends.
 */
#ifndef PROBES_PROBER_H
#define PROBES_PROBER_H

#include "lib/base/sys.h"

int prober_main(void); /* exit status of the process */
int reader_main(void);

#endif
