#include "fault.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct rule {
	char *substring;
	struct fault fault;
};

static struct rule *rules;
static size_t n_rules;

static void
init(struct fault *f)
{
	memset(f, 0, sizeof *f);
	f->status = 200;
	strcpy(f->code, "0");
}

static int
hex(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : (c | 32) - 'a' + 10;
}

/* Copies a value, %XX decoded. */
static void
copy_value(char *out, const char *p, size_t n)
{
	size_t i, k = 0;

	for (i = 0; i < n && k + 1 < FAULT_VALUE_BYTES; i++) {
		if (p[i] == '%' && i + 2 < n && isxdigit((unsigned char)p[i + 1]) &&
		    isxdigit((unsigned char)p[i + 2])) {
			out[k++] = (char)(hex(p[i + 1]) * 16 + hex(p[i + 2]));
			i += 2;
		} else {
			out[k++] = p[i];
		}
	}
	out[k] = '\0';
}

static int
set_body(struct fault *f, const char *value)
{
	static const char *const kinds[] = {"envelope", "empty", "html", "broken", "deep", "huge",
					    "junk", "trailing", "dupcode", "escape", "long",
					    "formula", "nokey", "array"};
	size_t i;

	for (i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (strcmp(value, kinds[i]) == 0) {
			f->body = (enum body_kind)i;
			return 0;
		}
	}
	return -1;
}

static int
set_switch(struct fault *f, const char *key)
{
	const struct {
		const char *key;
		bool *flag;
	} switches[] = {
		{"drop", &f->drop},         {"hang", &f->hang},     {"rst", &f->rst},
		{"reused", &f->reused},     {"create", &f->create}, {"nolength", &f->nolength},
		{"chunked", &f->chunked},   {"http10", &f->http10}, {"junkhttp", &f->junkhttp},
	};
	size_t i;

	for (i = 0; i < sizeof switches / sizeof *switches; i++) {
		if (strcmp(key, switches[i].key) == 0) {
			*switches[i].flag = true;
			return 0;
		}
	}
	if (strcmp(key, "cuthead") == 0)
		f->cut = CUT_HEADER;
	else if (strcmp(key, "cutbody") == 0)
		f->cut = CUT_BODY;
	else
		return -1;
	return 0;
}

static int
set_text(struct fault *f, const char *key, const char *value)
{
	const struct {
		const char *key;
		char *text;
	} texts[] = {
		{"code", f->code},     {"msg", f->msg},       {"id", f->id},
		{"header", f->header}, {"location", f->location}, {"retry-after", f->retry_after},
	};
	size_t i;

	for (i = 0; i < sizeof texts / sizeof *texts; i++) {
		if (strcmp(key, texts[i].key) == 0) {
			strcpy(texts[i].text, value);
			return 0;
		}
	}
	return -1;
}

static int
set_number(struct fault *f, const char *key, const char *value)
{
	long n = strtol(value, NULL, 10);

	if (strcmp(key, "status") == 0)
		f->status = (int)n;
	else if (strcmp(key, "delay") == 0)
		f->delay_ms = n;
	else if (strcmp(key, "pause") == 0)
		f->pause_ms = n;
	else if (strcmp(key, "nth") == 0)
		f->nth = n;
	else if (strcmp(key, "times") == 0)
		f->times = n;
	else if (strcmp(key, "from") == 0)
		f->from = n;
	else if (strcmp(key, "early") == 0)
		f->early = n;
	else
		return -1;
	return 0;
}

static int
set_word(struct fault *f, const char *key, const char *value)
{
	if (!*value)
		return set_switch(f, key);
	if (strcmp(key, "body") == 0)
		return set_body(f, value);
	if (strcmp(key, "cut") == 0) {
		f->cut = CUT_AT;
		f->cut_at = (size_t)strtoul(value, NULL, 10);
		return 0;
	}
	if (strcmp(key, "data") == 0) {
		f->null_data = true;
		return strcmp(value, "null") == 0 ? 0 : -1;
	}
	return set_text(f, key, value) == 0 ? 0 : set_number(f, key, value);
}

/* Words end at a comma, or at a semicolon (which needs no quotes in a CSV). */
static const char *
word_end(const char *p, const char *end)
{
	while (p < end && *p != ',' && *p != ';')
		p++;
	return p;
}

int
fault_parse(struct fault *f, const char *words, size_t n, char *unknown)
{
	const char *p = words, *end = words + n;

	init(f);
	f->any = true;
	while (p < end) {
		char key[64], value[FAULT_VALUE_BYTES];
		const char *stop = word_end(p, end);
		const char *colon = memchr(p, ':', (size_t)(stop - p));
		size_t key_n = (size_t)((colon ? colon : stop) - p);

		if (key_n >= sizeof key)
			key_n = sizeof key - 1;
		memcpy(key, p, key_n);
		key[key_n] = '\0';
		value[0] = '\0';
		if (colon)
			copy_value(value, colon + 1, (size_t)(stop - colon - 1));
		if (set_word(f, key, value) < 0) {
			snprintf(unknown, FAULT_VALUE_BYTES, "%s", key);
			return -1;
		}
		p = stop < end ? stop + 1 : end;
	}
	return 0;
}

bool
fault_applies(const struct fault *f, long nth, long k)
{
	if (f->reused && nth < 2)
		return false;
	if (f->nth && f->nth != nth)
		return false;
	if (f->times && k > f->times)
		return false;
	return !f->from || k >= f->from;
}

void
fault_load_rules(const char *path)
{
	char line[4096], unknown[FAULT_VALUE_BYTES];
	FILE *in = fopen(path, "r");

	if (!in) {
		perror(path);
		exit(2);
	}
	while (fgets(line, sizeof line, in)) {
		char *words = line + strcspn(line, " \t\n");

		if (line[0] == '#' || line[0] == '\n' || *words == '\0' || *words == '\n')
			continue;
		*words++ = '\0';
		words[strcspn(words, "\n")] = '\0';
		rules = realloc(rules, (n_rules + 1) * sizeof *rules);
		if (!rules)
			exit(71);
		rules[n_rules].substring = strdup(line);
		if (fault_parse(&rules[n_rules].fault, words, strlen(words), unknown) < 0) {
			fprintf(stderr, "%s: unknown word %s\n", path, unknown);
			exit(2);
		}
		n_rules++;
	}
	fclose(in);
}

bool
fault_find(struct fault *f, const char *url, size_t n)
{
	const char *words = memmem(url, n, "fault=", 6);
	char unknown[FAULT_VALUE_BYTES];

	if (words) {
		const char *from = words + 6, *end = url + n, *p = from;

		while (p < end && *p != '&' && *p != '#')
			p++;
		if (fault_parse(f, from, (size_t)(p - from), unknown) < 0)
			fprintf(stderr, "standin: unknown fault word %s\n", unknown);
		return true;
	}
	return fault_rule(f, url, n);
}

bool
fault_rule(struct fault *f, const char *url, size_t n)
{
	size_t i;

	for (i = 0; i < n_rules; i++) {
		if (strcmp(rules[i].substring, "*") == 0 ||
		    memmem(url, n, rules[i].substring, strlen(rules[i].substring))) {
			*f = rules[i].fault;
			return true;
		}
	}
	init(f);
	return false;
}

/* Few urls are counted (those with a fault), so a list will do. */
long
fault_count(const char *url, size_t n)
{
	static struct counted {
		struct counted *next;
		long count;
		size_t n;
		char url[];
	} *buckets[1024];
	unsigned h = 5381;
	struct counted *c;
	size_t i;

	for (i = 0; i < n; i++)
		h = h * 33 + (unsigned char)url[i];
	for (c = buckets[h % 1024]; c; c = c->next)
		if (c->n == n && memcmp(c->url, url, n) == 0)
			return ++c->count;
	c = malloc(sizeof *c + n);
	if (!c)
		exit(71);
	c->count = 1;
	c->n = n;
	memcpy(c->url, url, n);
	c->next = buckets[h % 1024];
	buckets[h % 1024] = c;
	return 1;
}
