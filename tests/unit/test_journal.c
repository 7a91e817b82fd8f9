#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/journal.h"

static char results[64], path[80];

static void
name_files(void)
{
	snprintf(results, sizeof results, "/tmp/lade-unit-%ld.csv", (long)getpid());
	snprintf(path, sizeof path, "%s.journal", results);
	unlink(results);
	unlink(path);
}

/* A journal with a start, a clear, a start (of a row that looks like an entry) and its result, and a
 * start without an end. */
static void
write_journal(void)
{
	struct journal j;
	struct fault f;

	name_files();
	journal_init(&j, results);
	journal_start(&j, 0, span_of("a,in_doubt\n"));
	journal_clear(&j, 0);
	journal_start(&j, 3, span_of("\"b\nclear 0 cbd98f47\n\",in_doubt\n"));
	journal_result(&j, 3, 77, span_of("b,uploaded\n"));
	journal_start(&j, 1, span_of("c,in_doubt\n"));
	assert_int_equal(journal_begin(&j, (struct file_mark){70, 5}, &f), 0);
	assert_int_equal(journal_flush(&j, &f), 0);
	assert_true(j.unsynced_starts);
	assert_int_equal(journal_sync(&j, &f), 0);
	assert_false(j.unsynced_starts);
	journal_fini(&j);
}

static int
read_journal(struct journal_story *s, struct fault *f)
{
	int fd = open(path, O_RDONLY), rc;

	assert_true(fd >= 0);
	rc = journal_read(fd, s, f);
	close(fd);
	return rc;
}

static void
entries_fold_into_fates(void **state)
{
	struct journal_story s;
	struct fault f;

	(void)state;
	write_journal();
	assert_int_equal(read_journal(&s, &f), 0);
	assert_true(s.begun);
	assert_int_equal(s.base.bytes, 70);
	assert_int_equal(s.base.hash, 5);
	assert_int_equal(s.published.bytes, -1);
	assert_int_equal(s.dropped, 0);
	assert_int_equal(s.n_fates, 4);
	assert_int_equal(s.fates[0].start, -1);
	assert_int_equal(s.fates[0].place, -1);
	assert_true(s.fates[1].start > 0);
	assert_int_equal(s.fates[1].start_bytes, 11);
	assert_int_equal(s.fates[2].start, -1);
	assert_int_equal(s.n_outcomes, 1);
	assert_int_equal(s.outcomes[0].number, 3);
	assert_int_equal(s.outcomes[0].place, 77);
	assert_int_equal(s.outcomes[0].bytes, 11);
	assert_int_equal(s.outcomes[0].hash, journal_hash(span_of("b,uploaded\n")));
	journal_believe(&s, 87);
	assert_int_equal(s.fates[3].place, -1);
	journal_believe(&s, 88);
	assert_int_equal(s.fates[3].place, 77);
	journal_story_free(&s);
	unlink(path);
}

/* Of two results of one record the newer one that is there counts; what was written where an earlier
 * end was cut off takes the place of all that was there. */
static void
results_are_by_place(void **state)
{
	static const struct {
		uint32_t number;
		int64_t place;
	} written[] = {{0, 70}, {1, 72}, {0, 74}, {2, 76}, {1, 76}, {3, 78}};
	struct journal j;
	struct journal_story s;
	struct fault f;
	size_t i;

	(void)state;
	name_files();
	journal_init(&j, results);
	for (i = 0; i < COUNT_OF(written); i++)
		journal_result(&j, written[i].number, written[i].place, span_of("r\n"));
	assert_int_equal(journal_begin(&j, (struct file_mark){70, 5}, &f), 0);
	assert_int_equal(journal_flush(&j, &f), 0);
	journal_fini(&j);
	assert_int_equal(read_journal(&s, &f), 0);
	assert_int_equal(s.n_outcomes, 5);
	assert_int_equal(s.outcomes[3].number, 1);
	assert_int_equal(s.n_fates, 4);
	journal_believe(&s, 75);
	assert_int_equal(s.fates[0].place, 70);
	assert_int_equal(s.fates[1].place, 72);
	journal_believe(&s, 79);
	assert_int_equal(s.fates[0].place, 74);
	assert_int_equal(s.fates[1].place, 76);
	assert_int_equal(s.fates[2].place, -1);
	assert_int_equal(s.fates[3].place, -1);
	journal_story_free(&s);
	unlink(path);
}

/* Cut off anywhere, the journal is its whole entries; the rest is counted. */
static void
a_torn_end_is_dropped_wherever_it_is_torn(void **state)
{
	struct journal_story s;
	struct fault f;
	struct stat st;
	int64_t n, kept = 0;

	(void)state;
	write_journal();
	assert_int_equal(stat(path, &st), 0);
	for (n = st.st_size - 1; n >= 0; n--) {
		assert_int_equal(truncate(path, n), 0);
		assert_int_equal(read_journal(&s, &f), 0);
		assert_int_equal(s.bytes + s.dropped, n);
		assert_true(n == st.st_size - 1 || s.bytes <= kept);
		kept = s.bytes;
		journal_story_free(&s);
	}
	assert_int_equal(kept, 0);
	unlink(path);
}

/* Any flipped byte is either at the end, and dropped, or a fault; never taken for the truth. */
static void
a_flipped_byte_is_never_believed(void **state)
{
	struct journal_story s, whole;
	struct fault f;
	struct stat st;
	int64_t i, faults = 0;
	int fd;
	char c;

	(void)state;
	write_journal();
	assert_int_equal(read_journal(&whole, &f), 0);
	assert_int_equal(stat(path, &st), 0);
	fd = open(path, O_RDWR);
	for (i = 0; i < st.st_size; i++) {
		assert_int_equal(pread(fd, &c, 1, i), 1);
		c ^= 1;
		assert_int_equal(pwrite(fd, &c, 1, i), 1);
		if (journal_read(fd, &s, &f) < 0)
			faults += f.line > 0;
		else
			assert_true(s.bytes < whole.bytes);
		journal_story_free(&s);
		c ^= 1;
		assert_int_equal(pwrite(fd, &c, 1, i), 1);
	}
	close(fd);
	journal_story_free(&whole);
	assert_true(faults > st.st_size / 2);
	unlink(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_fold_into_fates),
		cmocka_unit_test(results_are_by_place),
		cmocka_unit_test(a_torn_end_is_dropped_wherever_it_is_torn),
		cmocka_unit_test(a_flipped_byte_is_never_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
