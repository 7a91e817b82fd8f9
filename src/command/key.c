#include "command/key.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"

#define CREDENTIAL_NAME "globalaiopc-api-key"
#define KEY_VARIABLE "GLOBALAIOPC_API_KEY"

/* Cuts one line end at the end and refuses what no key can be. Takes the text over. */
static char *
check(char *key, size_t n, const char *from, struct fault *f)
{
	const char *why = NULL;
	size_t i, all = n;

	if (n > 0 && key[n - 1] == '\n')
		n -= n > 1 && key[n - 2] == '\r' ? 2 : 1;
	for (i = 0; i < n; i++)
		if ((unsigned char)key[i] < 0x20 || key[i] == 0x7F)
			why = "holds a control character, perhaps a second line";
	if (n > LIMIT_KEY_BYTES)
		why = "is too long to be a key";
	if (n == 0)
		why = "is empty";
	if (why) {
		mem_wipe_free(key, all); /* it may hold NULs */
		fault_set(f, 0, 0, "%s: the key %s", from, why);
		return NULL;
	}
	key[n] = '\0';
	return key;
}

static char *
read_all(int fd, const char *from, struct fault *f)
{
	char *key = mem_calloc(1, LIMIT_KEY_BYTES + 4); /* two for a line end, one too many, a NUL */
	size_t n = 0;
	ssize_t k;

	do {
		k = read(fd, key + n, LIMIT_KEY_BYTES + 3 - n);
		if (k > 0)
			n += (size_t)k;
	} while (k > 0 || (k < 0 && errno == EINTR));
	if (k < 0) {
		fault_set(f, 0, 0, "%s: %s", from, strerror(errno));
		mem_wipe_free(key, n);
		return NULL;
	}
	return check(key, n, from, f);
}

static char *
read_file(const char *path, struct fault *f)
{
	struct buf shown = {0};
	struct stat st;
	char *key = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	text_escape(&shown, span_of(path), 200);
	if (fd < 0 || fstat(fd, &st) < 0)
		fault_set(f, 0, 0, "cannot open the key file %s: %s", shown.data, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		fault_set(f, 0, 0, "the key file %s is no regular file", shown.data);
	else if (st.st_mode & S_IROTH)
		fault_set(f, 0, 0, "everybody can read the key file %s: chmod o= %s", shown.data,
			  shown.data);
	else
		key = read_all(fd, shown.data, f);
	if (fd >= 0)
		close(fd);
	buf_free(&shown);
	return key;
}

char *
key_read(const char *key_file, struct fault *f)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY"), *value = getenv(KEY_VARIABLE);
	struct buf path = {0};
	char *key = NULL;

	if (key_file && strcmp(key_file, "-") == 0)
		return read_all(STDIN_FILENO, "standard input", f);
	if (key_file)
		return read_file(key_file, f);
	if (folder) {
		buf_printf(&path, "%s/%s", folder, CREDENTIAL_NAME);
		if (access(path.data, F_OK) == 0) {
			key = read_file(path.data, f);
			buf_free(&path);
			return key;
		}
		buf_free(&path);
	}
	if (value)
		return check(mem_strdup(value), strlen(value), "$" KEY_VARIABLE, f);
	fault_set(f, 0, 0,
		  "no API key: set $" KEY_VARIABLE ", or name a file that holds it with --key-file");
	return NULL;
}

void
key_free(char *key)
{
	if (key)
		mem_wipe_free(key, strlen(key));
}
