#include "command/check.h"

int
probe_rows(struct check *c)
{
	(void)c;
	return -1;
}
