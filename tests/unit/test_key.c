#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command/key.h"

static size_t wiped;

/* Stands in for the C library's: what is wiped is freed next, so nobody else could tell. */
void
explicit_bzero(void *p, size_t n)
{
	volatile char *at = p;
	size_t i;

	for (i = 0; i < n; i++)
		at[i] = 0;
	wiped = n;
}

/* What key_read says of a key file with these bytes. */
static char *
read_bytes(const char *bytes, size_t n, struct fault *f)
{
	char path[] = "/tmp/lade-key-XXXXXX";
	int fd = mkstemp(path);
	char *key;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, n), n);
	close(fd);
	wiped = 0;
	key = key_read(path, f);
	unlink(path);
	return key;
}

static void
a_refused_key_is_wiped_whole(void **state)
{
	struct fault f;

	(void)state;
	assert_null(read_bytes("sk\0secret\n", 10, &f));
	assert_non_null(strstr(f.text, "control character"));
	assert_int_equal(wiped, 10);
	assert_null(read_bytes("\n", 1, &f));
	assert_non_null(strstr(f.text, "is empty"));
	assert_int_equal(wiped, 1);
}

static void
a_key_is_wiped_when_it_is_freed(void **state)
{
	struct fault f;
	char *key = read_bytes("sk-secret\r\n", 11, &f);

	(void)state;
	assert_string_equal(key, "sk-secret");
	assert_int_equal(wiped, 0);
	key_free(key);
	assert_int_equal(wiped, 9);
	key_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_refused_key_is_wiped_whole),
		cmocka_unit_test(a_key_is_wiped_when_it_is_freed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
