/* What every unit test includes, in the order that cmocka wants. */
#ifndef LADE_TESTS_UNIT_H
#define LADE_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

#endif
