/*
 * Theory. An option's argument tells what is completed: one that has FILE in it is a file, one that
 * is in value_words has these words (tests/drift tries each), all others are free text. An option
 * may be in the table twice, for different commands.
 *
 * bash has one function with a case per command and per option before the cursor; it needs nothing
 * of the bash-completion package. zsh leaves the work to _arguments, fish has a line an option.
 */
#include "command/completion.h"

#include <stdio.h>
#include <string.h>

#include "base/diag.h"
#include "command/help.h"

static const struct {
	const char *option, *words;
} value_words[] = {
	{"type", "Image Video Audio Document"},
	{"format", "csv tsv json ndjson list"},
	{"output-format", "csv tsv ndjson"},
	{"only", "unavailable rejected invalid_row no_answer bad_answer review_failed"},
	{"sync", "always 1s none"},
	{"rate", "auto none"},
	{"in-doubt", "hold resend"},
	{"progress", "auto bar plain none"},
};

/* Prints the names of all commands; with help: also help itself. */
static void
print_commands(const char *between, bool help)
{
	const char *comma = "";
	enum command c;
	size_t i;

	for (i = 0; (c = help_command_at(i)) != COMMAND_NONE; i++) {
		if (c == COMMAND_HELP && !help)
			continue;
		printf("%s%s", comma, help_command_name(c));
		comma = between;
	}
}

static const char *
words_of(const struct option *opt)
{
	size_t i;

	for (i = 0; i < sizeof value_words / sizeof *value_words; i++)
		if (strcmp(value_words[i].option, opt->name) == 0)
			return value_words[i].words;
	return NULL;
}

static bool
wants_file(const struct option *opt)
{
	return opt->argument && strstr(opt->argument, "FILE");
}

/* Prints text with a backslash before each of the characters. */
static void
print_escaped(const char *text, const char *special)
{
	for (; *text; text++) {
		if (strchr(special, *text))
			putchar('\\');
		putchar(*text);
	}
}

/* Inside single quotes of a POSIX shell. */
static void
print_quoted(const char *text)
{
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\'", stdout);
		putchar(*text);
	}
}

/* ---- bash ---- */

/* The names of an option as a case pattern, with dashes. */
static void
bash_pattern(const struct option *opt, bool *first)
{
	printf("%s--%s", *first ? "\t" : " | ", opt->name);
	if (opt->letter)
		printf(" | -%c", opt->letter);
	*first = false;
}

/* One case for all options that complete a file, or that complete nothing. */
static void
bash_case(bool files)
{
	const struct option *opt, *earlier;
	bool first = true;

	for (opt = option_table; opt->name; opt++) {
		for (earlier = option_table; strcmp(earlier->name, opt->name) != 0;)
			earlier++;
		if (earlier == opt && opt->argument && !words_of(opt) && wants_file(opt) == files)
			bash_pattern(opt, &first);
	}
	puts(files ? ")\n\t\tfiles=1\n\t\t;;" : ")\n\t\treturn\n\t\t;;");
}

static void
bash_options(enum command c)
{
	const struct option *opt;

	printf("\t\t%s) words='", help_command_name(c));
	for (opt = option_table; opt->name; opt++) {
		if (!(opt->commands & (unsigned)c))
			continue;
		printf("--%s ", opt->name);
		if (opt->letter)
			printf("-%c ", opt->letter);
	}
	puts("' ;;");
}

static void
print_bash(void)
{
	const struct option *opt;
	size_t i;

	puts("# lade: completion for bash, made by `lade --completion bash`\n"
	     "_lade() {\n"
	     "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
	     "\tlocal command='' words='' files='' word\n"
	     "\n"
	     "\tCOMPREPLY=()\n"
	     "\tfor word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
	     "\t\tcase $word in");
	printf("\t\t");
	print_commands(" | ", true);
	puts(")\n\t\t\tcommand=$word\n\t\t\tbreak\n\t\t\t;;\n\t\tesac\n\tdone\n"
	     "\t# --name=value is three words here\n"
	     "\tif [ \"$cur\" = = ]; then\n\t\tcur=''\n"
	     "\telif [ \"$prev\" = = ]; then\n\t\tprev=${COMP_WORDS[COMP_CWORD - 2]}\n\tfi\n"
	     "\tcase $prev in");
	for (opt = option_table; opt->name; opt++) {
		bool first = true;

		if (!words_of(opt))
			continue;
		bash_pattern(opt, &first);
		printf(")\n\t\twords='%s'\n\t\t;;\n", words_of(opt));
	}
	bash_case(true);
	bash_case(false);
	puts("\t*)\n\t\tcase $cur,$command in\n\t\t-*,) words='--help --version' ;;\n"
	     "\t\t-*,*) ;;");
	printf("\t\t*,) words='");
	print_commands(" ", true);
	printf("' ;;\n\t\t*,help) words='");
	print_commands(" ", false);
	puts("' ;;\n\t\t*) files=1 ;;\n\t\tesac\n\t\tcase $cur in\n\t\t-*) case $command in");
	for (i = 0; help_command_at(i) != COMMAND_NONE; i++)
		bash_options(help_command_at(i));
	puts("\t\tesac ;;\n\t\tesac\n\t\t;;\n\tesac\n"
	     "\tif [ -n \"$files\" ]; then\n\t\tcompopt -o filenames 2>/dev/null\n"
	     "\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n\telse\n"
	     "\t\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n\tfi\n}\n"
	     "complete -F _lade lade");
}

/* ---- zsh ---- */

static void
zsh_option(const struct option *opt)
{
	const char *words = words_of(opt);

	if (opt->letter)
		printf("\t\t\t'(-%c --%s)'{-%c%s,--%s%s}'[", opt->letter, opt->name, opt->letter,
		       opt->argument ? "+" : "", opt->name, opt->argument ? "=" : "");
	else
		printf("\t\t\t'--%s%s[", opt->name, opt->argument ? "=" : "");
	for (const char *p = opt->help; *p; p++) {
		char one[2] = {*p, '\0'};

		if (*p == '\'')
			print_quoted(one);
		else
			print_escaped(one, "[]:");
	}
	putchar(']');
	if (opt->argument) {
		putchar(':');
		print_escaped(opt->argument, "[]:");
		if (words)
			printf(":(%s)", words);
		else
			fputs(wants_file(opt) ? ":_files" : ": ", stdout);
	}
	puts("' \\");
}

static void
print_zsh(void)
{
	const struct option *opt;
	enum command c;
	size_t i;

	puts("#compdef lade\n# lade: completion for zsh, made by `lade --completion zsh`\n"
	     "_lade() {\n\tlocal curcontext=$curcontext state line\n\n"
	     "\t_arguments -C '--help[show help]' '--version[show versions]' \\");
	printf("\t\t'1:command:(");
	print_commands(" ", true);
	puts(")' '*::argument:->rest'\n\t[[ $state == rest ]] || return\n\tcase $line[1] in");
	for (i = 0; (c = help_command_at(i)) != COMMAND_NONE; i++) {
		printf("\t%s)\n\t\t_arguments \\\n", help_command_name(c));
		for (opt = option_table; opt->name; opt++)
			if (opt->commands & (unsigned)c)
				zsh_option(opt);
		printf("\t\t\t'%s", c == COMMAND_HELP ? "1:command:(" : "*:file:_files");
		if (c == COMMAND_HELP) {
			print_commands(" ", false);
			putchar(')');
		}
		puts("'\n\t\t;;");
	}
	puts("\tesac\n}\n_lade \"$@\"");
}

/* ---- fish ---- */

static void
fish_option(const struct option *opt)
{
	size_t i;

	printf("complete -c lade -n '__fish_seen_subcommand_from");
	for (i = 0; help_command_at(i) != COMMAND_NONE; i++)
		if (opt->commands & (unsigned)help_command_at(i))
			printf(" %s", help_command_name(help_command_at(i)));
	printf("' -l %s", opt->name);
	if (opt->letter)
		printf(" -s %c", opt->letter);
	if (words_of(opt))
		printf(" -x -a '%s'", words_of(opt));
	else if (opt->argument)
		fputs(wants_file(opt) ? " -r -F" : " -x", stdout);
	fputs(" -d '", stdout);
	print_escaped(opt->help, "'\\");
	puts("'");
}

static void
print_fish(void)
{
	const struct option *opt;
	size_t i;

	puts("# lade: completion for fish, made by `lade --completion fish`");
	for (i = 0; help_command_at(i) != COMMAND_NONE; i++)
		printf("complete -c lade -n __fish_use_subcommand -f -a %s\n",
		       help_command_name(help_command_at(i)));
	printf("complete -c lade -n '__fish_seen_subcommand_from help' -f -a '");
	print_commands(" ", false);
	puts("'");
	for (opt = option_table; opt->name; opt++)
		fish_option(opt);
}

int
completion_print(const char *shell)
{
	if (strcmp(shell, "bash") == 0) {
		print_bash();
	} else if (strcmp(shell, "zsh") == 0) {
		print_zsh();
	} else if (strcmp(shell, "fish") == 0) {
		print_fish();
	} else {
		diag_error("completions are for bash, zsh and fish");
		return 2;
	}
	return help_finish_output();
}
