#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "ledger/cache.h"
#include "ledger/load.h"

#define ROWS 4000 /* more than the two edges that are hashed hold */

static char folder[] = "/tmp/lade-unit-XXXXXX", path[64], cache[80];
static int fd;

/* A results file in which identities come once, twice and more often. */
static int
begin(void **state)
{
	FILE *out;
	int i;

	(void)state;
	snprintf(folder, sizeof folder, "/tmp/lade-unit-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/m.results.csv", folder);
	snprintf(cache, sizeof cache, "%s.index", path);
	out = fopen(path, "w");
	assert_non_null(out);
	fputs("url,at,assetType,lade_status,lade_errorClass,lade_assetId,lade_reviewStatus\n", out);
	for (i = 0; i < ROWS; i++)
		fprintf(out, "https://a.example/%d,v%d,Image,%s\n", i % 3 ? i : i % 60, i % 7,
			i % 5   ? "uploaded,,id-1,Active"
			: i % 2 ? "failed,rejected,,"
				: "in_doubt,no_answer,,");
	fclose(out);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	close(fd);
	unlink(path);
	unlink(cache);
	return rmdir(folder);
}

static struct index *
read_anew(const char *version_column)
{
	struct index *x = index_new();
	struct load_needs needs = {0};
	struct layout l;
	struct fault f;

	if (version_column)
		index_keep_versions(x);
	assert_int_equal(load_layout(path, &l, &needs, &f), 0);
	assert_int_equal(load_index(path, &l, version_column, x, &needs, &f), 0);
	layout_fini(&l);
	return x;
}

static void
store(const char *version_column)
{
	struct index *x = read_anew(version_column);

	cache_store(path, fd, version_column, x);
	index_free(x);
	assert_int_equal(access(cache, F_OK), 0);
}

static bool
loads(const char *version_column)
{
	struct index *x = index_new();
	bool ok;

	if (version_column)
		index_keep_versions(x);
	ok = cache_load(path, fd, version_column, x);
	assert_int_equal(index_count(x), ok ? ROWS : 0);
	index_free(x);
	return ok;
}

static struct identity
row_id(int i)
{
	char url[40];

	snprintf(url, sizeof url, "https://a.example/%d", i);
	return identity_of(span_of("Image"), span_of(url));
}

static void
assert_alike(struct index *a, struct index *b, bool versions)
{
	uint32_t head_a, head_b, row_a, row_b, n = index_count(a);
	struct span image_a, image_b;
	int i;

	assert_int_equal(n, index_count(b));
	for (i = 0; i < ROWS * 2; i++) { /* twice: the later ones are new rows */
		row_a = index_row(a, row_id(i % ROWS % 3 ? i % ROWS : i % 60), &head_a);
		row_b = index_row(b, row_id(i % ROWS % 3 ? i % ROWS : i % 60), &head_b);
		assert_int_equal(row_a, row_b);
		assert_int_equal(head_a, head_b);
		assert_int_equal(index_place(a, row_a), index_place(b, row_b));
		assert_int_equal(index_known(a, row_a), index_known(b, row_b));
		assert_int_equal(index_kinds(a, head_a), index_kinds(b, head_b));
		assert_int_equal(index_version(a, row_a), index_version(b, row_b));
		assert_true(!versions || row_a >= n || index_version(a, row_a) != 0);
	}
	image_a = index_pack(a);
	image_b = index_pack(b);
	assert_true(span_equal(image_a, image_b));
	assert_int_equal(index_count(a), n); /* the new rows have no place */
	assert_true(span_equal(index_packed_versions(a), index_packed_versions(b)));
}

static void
what_is_kept_is_what_was_read(void **state)
{
	static const char *const columns[] = {NULL, "at"};
	struct index *a, *b;
	struct stat st;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(columns); i++) {
		store(columns[i]);
		assert_int_equal(stat(cache, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
		a = index_new();
		if (columns[i])
			index_keep_versions(a);
		assert_true(cache_load(path, fd, columns[i], a));
		b = read_anew(columns[i]);
		assert_alike(a, b, columns[i] != NULL);
		index_free(a);
		index_free(b);
	}
	/* of other columns, or none, it tells nothing */
	assert_false(loads(NULL));
	assert_false(loads("url"));
	assert_true(loads("at"));
}

static void
another_file_than_it_was(void **state)
{
	char byte, copy[90];
	struct stat st;
	int i, other;

	(void)state;
	store(NULL);
	assert_true(loads(NULL));
	assert_int_equal(fstat(fd, &st), 0);
	for (i = 0; i < 3; i++) { /* one byte, at the front, in the middle, at the end; times put back */
		off_t at = i * (st.st_size - 1) / 2;

		store(NULL);
		assert_int_equal(pread(fd, &byte, 1, at), 1);
		assert_int_equal(pwrite(fd, &byte, 1, at), 1); /* even the same byte */
		assert_int_equal(futimens(fd, (struct timespec[]){st.st_atim, st.st_mtim}), 0);
		assert_false(loads(NULL));
	}
	store(NULL);
	assert_int_equal(ftruncate(fd, st.st_size - 1), 0);
	assert_false(loads(NULL));
	assert_int_equal(pwrite(fd, "\n", 1, st.st_size - 1), 1);
	store(NULL);
	snprintf(copy, sizeof copy, "%s.copy", path); /* another file in its place */
	assert_int_equal(rename(path, copy), 0);
	other = fd;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	for (i = 0; read(other, &byte, 1) == 1; i++)
		assert_int_equal(write(fd, &byte, 1), 1);
	assert_int_equal(i, st.st_size);
	close(other);
	assert_false(loads(NULL));
	unlink(copy);
}

static void
damaged_or_gone(void **state)
{
	char byte, flipped;
	struct stat st;
	off_t at;
	int file;

	(void)state;
	store("at");
	file = open(cache, O_RDWR | O_CLOEXEC);
	assert_true(file >= 0 && fstat(file, &st) == 0);
	for (at = 0; at < st.st_size; at += at < 300 ? 1 : 997) { /* each of the header's */
		assert_int_equal(pread(file, &byte, 1, at), 1);
		flipped = byte ^ (char)(1 << at % 8);
		assert_int_equal(pwrite(file, &flipped, 1, at), 1);
		assert_false(loads("at"));
		assert_int_equal(pwrite(file, &byte, 1, at), 1);
	}
	assert_true(loads("at"));
	assert_int_equal(write(file, "", 0), 0);
	assert_int_equal(pwrite(file, "", 1, st.st_size), 1); /* one byte more */
	assert_false(loads("at"));
	for (at = st.st_size - 1; at > 0; at = at * 2 / 3) {
		assert_int_equal(ftruncate(file, at), 0);
		assert_false(loads("at"));
	}
	assert_int_equal(ftruncate(file, 0), 0);
	assert_false(loads("at"));
	close(file);
	store("at");
	assert_int_equal(chmod(cache, 0620), 0); /* others could have written it */
	assert_false(loads("at"));
	unlink(cache);
	assert_false(loads("at"));
	assert_int_equal(symlink(path, cache), 0);
	assert_false(loads("at"));
	cache_drop(path);
	assert_int_equal(access(cache, F_OK), -1);
	assert_int_equal(access(path, F_OK), 0);
}

/* Rows that a run did not deal with have no place; what follows them in a chain moves up. */
static void
rows_without_a_record(void **state)
{
	struct index *x = index_new(), *y = index_new();
	uint32_t head, record;
	struct span image;

	(void)state;
	index_load(x, row_id(1), KNOWN_REJECTED, 10);
	index_row(x, row_id(2), &head); /* 1: none */
	record = index_row(x, row_id(2), &head);
	index_write(x, record, head, KNOWN_ASSET, 20);
	index_row(x, row_id(1), &head); /* its record */
	index_row(x, row_id(1), &head); /* 3: none */
	record = index_row(x, row_id(1), &head);
	index_write(x, record, head, KNOWN_INVALID, 30);
	index_load(y, row_id(1), KNOWN_REJECTED, 10);
	index_load(y, row_id(2), KNOWN_ASSET, 20);
	index_load(y, row_id(1), KNOWN_INVALID, 30);
	image = index_pack(x);
	assert_true(span_equal(image, index_pack(y)));
	index_free(x);
	index_free(y);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_kept_is_what_was_read, begin, end),
		cmocka_unit_test_setup_teardown(another_file_than_it_was, begin, end),
		cmocka_unit_test_setup_teardown(damaged_or_gone, begin, end),
		cmocka_unit_test(rows_without_a_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
