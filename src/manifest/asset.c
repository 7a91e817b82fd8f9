#include "manifest/asset.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "base/text.h"

static const char *const names[] = {
	[ASSET_NONE] = "",       [ASSET_IMAGE] = "Image",       [ASSET_VIDEO] = "Video",
	[ASSET_AUDIO] = "Audio", [ASSET_DOCUMENT] = "Document",
};

#define EXTENSION_BYTES 8

/* What an extension tells; the man page has the same table. ".ts" is left out: it is also code. */
static const struct {
	char extension[EXTENSION_BYTES]; /* with NULs behind it */
	enum asset_type type;
} extensions[] = {
	{"jpg", ASSET_IMAGE}, {"jpeg", ASSET_IMAGE}, {"jpe", ASSET_IMAGE}, {"jfif", ASSET_IMAGE},
	{"png", ASSET_IMAGE}, {"webp", ASSET_IMAGE}, {"bmp", ASSET_IMAGE}, {"dib", ASSET_IMAGE},
	{"tif", ASSET_IMAGE}, {"tiff", ASSET_IMAGE}, {"gif", ASSET_IMAGE}, {"heic", ASSET_IMAGE},
	{"heif", ASSET_IMAGE}, {"avif", ASSET_IMAGE},
	{"mp4", ASSET_VIDEO}, {"m4v", ASSET_VIDEO}, {"mov", ASSET_VIDEO}, {"avi", ASSET_VIDEO},
	{"mkv", ASSET_VIDEO}, {"webm", ASSET_VIDEO}, {"mpg", ASSET_VIDEO}, {"mpeg", ASSET_VIDEO},
	{"wmv", ASSET_VIDEO}, {"flv", ASSET_VIDEO}, {"3gp", ASSET_VIDEO}, {"ogv", ASSET_VIDEO},
	{"wav", ASSET_AUDIO}, {"mp3", ASSET_AUDIO}, {"m4a", ASSET_AUDIO}, {"aac", ASSET_AUDIO},
	{"flac", ASSET_AUDIO}, {"ogg", ASSET_AUDIO}, {"oga", ASSET_AUDIO}, {"opus", ASSET_AUDIO},
	{"wma", ASSET_AUDIO}, {"aif", ASSET_AUDIO}, {"aiff", ASSET_AUDIO},
	{"pdf", ASSET_DOCUMENT}, {"doc", ASSET_DOCUMENT}, {"docx", ASSET_DOCUMENT},
	{"ppt", ASSET_DOCUMENT}, {"pptx", ASSET_DOCUMENT}, {"xls", ASSET_DOCUMENT},
	{"xlsx", ASSET_DOCUMENT}, {"txt", ASSET_DOCUMENT}, {"md", ASSET_DOCUMENT},
	{"rtf", ASSET_DOCUMENT}, {"csv", ASSET_DOCUMENT}, {"odt", ASSET_DOCUMENT},
	{"ods", ASSET_DOCUMENT}, {"odp", ASSET_DOCUMENT}, {"epub", ASSET_DOCUMENT},
};

const char *
asset_type_name(enum asset_type type)
{
	return names[type];
}

static bool
same_word(struct span a, const char *word)
{
	return a.n == strlen(word) && strncasecmp(a.p, word, a.n) == 0;
}

enum asset_type
asset_type_parse(struct span word)
{
	int t;

	word = span_trim(word);
	for (t = ASSET_IMAGE; t <= ASSET_DOCUMENT; t++)
		if (same_word(word, names[t]))
			return (enum asset_type)t;
	return ASSET_NONE;
}

static enum asset_type
type_of_extension(struct span ext)
{
	char word[EXTENSION_BYTES] = {0};
	size_t i;

	if (ext.n == 0 || ext.n >= sizeof word)
		return ASSET_NONE;
	for (i = 0; i < ext.n; i++)
		word[i] = (char)tolower((unsigned char)ext.p[i]);
	for (i = 0; i < sizeof extensions / sizeof *extensions; i++)
		if (memcmp(extensions[i].extension, word, sizeof word) == 0)
			return extensions[i].type;
	return ASSET_NONE;
}

enum asset_type
asset_type_infer(struct span url)
{
	return type_of_extension(url_extension(url));
}

static bool
begins_with(struct span s, const char *word)
{
	size_t n = strlen(word);

	return s.n >= n && strncasecmp(s.p, word, n) == 0;
}

bool
asset_type_fits(enum asset_type type, struct span t)
{
	if (t.n == 0 || same_word(t, "application/octet-stream") || same_word(t, "binary/octet-stream"))
		return true;
	switch (type) {
	case ASSET_IMAGE:
		return begins_with(t, "image/");
	case ASSET_VIDEO:
		return begins_with(t, "video/") || same_word(t, "application/mp4");
	case ASSET_AUDIO:
		return begins_with(t, "audio/") || same_word(t, "application/ogg");
	case ASSET_DOCUMENT:
		return (begins_with(t, "application/") || begins_with(t, "text/")) &&
		       !same_word(t, "text/html") && !same_word(t, "application/xhtml+xml") &&
		       !same_word(t, "application/json") && !same_word(t, "application/problem+json");
	case ASSET_NONE:
		break;
	}
	return false;
}

/* Whether a path's text, behind what could part cells, is a parameter of it (a.jpg;v=1), no cell. */
static bool
is_parameter(struct span rest)
{
	size_t i = 0;

	while (i < rest.n && !strchr("=/,;|?#", rest.p[i]))
		i++;
	return i < rest.n && rest.p[i] == '=';
}

/* Whether a URL's path goes on behind a known extension and what parts the cells of a CSV. */
static bool
has_cells(struct span url)
{
	size_t i, dot = 0;

	if (!memchr(url.p, ',', url.n) && !memchr(url.p, ';', url.n) && !memchr(url.p, '|', url.n))
		return false;
	for (i = 0; i < url.n && url.p[i] != '?' && url.p[i] != '#'; i++) {
		char c = url.p[i];

		if (c == '.' || c == '/')
			dot = c == '.' ? i + 1 : 0;
		else if ((c == ',' || c == ';' || c == '|') && dot > 0 &&
			 type_of_extension((struct span){url.p + dot, i - dot}) != ASSET_NONE)
			return !is_parameter((struct span){url.p + i + 1, url.n - i - 1});
	}
	return false;
}

static void
find_warning(struct asset_finding *f, enum asset_type type, struct span url, struct span name,
	     bool want_name)
{
	struct span extension = url_extension(url);
	enum asset_type told = type_of_extension(extension);
	const char *odd = url_oddity(url);

	if (odd) {
		f->warning = ASSET_ODD_URL;
		f->warning_text = odd;
	} else if (told == ASSET_NONE && extension.n > 0 && has_cells(url)) {
		f->warning = ASSET_ODD_URL;
		f->warning_text = "url: seems to hold a whole line of a CSV (one with a header is read as one)";
	} else if (told != ASSET_NONE && told != type) {
		f->warning = ASSET_ODD_EXTENSION;
		f->warning_text = "assetType: the url's extension tells another type";
	} else if (name.n > LIMIT_NAME_CHARS && text_utf8_count(name) > LIMIT_NAME_CHARS) {
		f->warning = ASSET_LONG_NAME;
		f->warning_text = "name: is longer than 64 characters";
	} else if (want_name && name.n == 0 && name.p) {
		f->warning = ASSET_NO_NAME;
		f->warning_text = "name: is empty";
	}
}

struct asset_finding
asset_check(enum asset_type type, struct span type_word, struct span url, struct span name,
	    bool want_name, bool allow_private, struct url_memo *memo, struct buf *sent_url)
{
	struct asset_finding f = {ASSET_GOOD, NULL, ASSET_GOOD, NULL};
	bool is_private;

	f.reason = url_check(url, allow_private, memo, sent_url, &is_private);
	if (f.reason) {
		f.problem = is_private ? ASSET_PRIVATE_URL : ASSET_BAD_URL;
	} else if (type == ASSET_NONE && type_word.n > 0) {
		f.problem = ASSET_BAD_TYPE;
		f.reason = "assetType: is none of Image, Video, Audio, Document";
	} else if (type == ASSET_NONE) {
		f.problem = ASSET_NO_TYPE;
		f.reason = "assetType: is empty, and the url's extension tells none (--type gives one)";
	} else if (!text_utf8_valid(url, NULL) || !text_utf8_valid(name, NULL)) {
		f.problem = ASSET_BAD_TEXT;
		f.reason = "is not UTF-8";
	} else if (name.n > 0 && memchr(name.p, '\0', name.n)) {
		f.problem = ASSET_BAD_TEXT;
		f.reason = "name: holds a NUL";
	} else {
		find_warning(&f, type, url, name, want_name);
	}
	return f;
}
