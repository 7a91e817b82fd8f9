#include "base/fault.h"

#include <stdarg.h>
#include <stdio.h>

int
fault_set(struct fault *f, int64_t line, int64_t column, const char *format, ...)
{
	va_list args;

	f->line = line;
	f->column = column;
	va_start(args, format);
	vsnprintf(f->text, sizeof f->text, format, args);
	va_end(args);
	return -1;
}
