/* SPDX-License-Identifier: MIT */
/* options.c - command lines by a table of options.
 *
 * --name VALUE, --name=VALUE, -x VALUE, -xVALUE, -abc for flags, "--" ends the options. Names are
 * never abbreviated, so that a new option cannot change what an old command line means. Not
 * getopt_long, whose messages have another form and which abbreviates.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "cli.h"

typedef struct parser {
    const cci_command_t *command;
    int                  argc, next;
    char               **argv;
    size_t               operands;
} parser_t;

/* ---- values ---- */

static bool parse_number(const char *text, uint64_t *out, const char **end)
{
    char *stop;

    if (*text < '0' || *text > '9')
        return false;
    errno                    = 0;
    unsigned long long value = strtoull(text, &stop, 10);
    *out                     = value;
    *end                     = stop;
    return errno == 0 && value > 0;
}

static bool parse_count(const char *text, uint64_t *out)
{
    const char *end;
    return parse_number(text, out, &end) && *end == '\0';
}

/* "524288", "512k", "512KiB", "2M": binary multiples. */
static bool parse_bytes(const char *text, uint64_t *out)
{
    static const char UNITS[] = "kmgt";
    const char       *end, *unit;
    uint64_t          value;

    if (!parse_number(text, &value, &end))
        return false;
    if (*end && (unit = strchr(UNITS, *end | 0x20)) != NULL) {
        unsigned shift = 10 * (unsigned)(unit - UNITS + 1);
        if (value > UINT64_MAX >> shift)
            return false;
        value <<= shift;
        end += strcmp(end + 1, "iB") == 0 ? 3 : 1;
    }
    *out = value;
    return *end == '\0' || strcmp(end, "B") == 0;
}

static bool parse_seconds(const char *text, uint64_t *out)
{
    char  *end;
    double value = strtod(text, &end);

    /* No sign, no "inf", no "0x": seconds as people write them. */
    if (strspn(text, "0123456789.") != strlen(text) || end == text || *end != '\0')
        return false;
    if (!(value < 1e9))
        return false;
    *out = (uint64_t)llround(value * 1e9);
    return true;
}

static bool add_to_list(cci_list_t *list, const char *text)
{
    if (list->count == CCI_LIST_MAX)
        return false;
    list->item[list->count++] = text;
    return true;
}

static bool set_value(const cci_option_t *o, const char *text)
{
    switch (o->kind) {
    case CCI_OPTION_FLAG:
        *(bool *)o->value = true;
        return true;
    case CCI_OPTION_TEXT:
        *(const char **)o->value = text;
        return true;
    case CCI_OPTION_COUNT:
        return parse_count(text, o->value);
    case CCI_OPTION_BYTES:
        return parse_bytes(text, o->value);
    case CCI_OPTION_SECONDS:
        return parse_seconds(text, o->value);
    case CCI_OPTION_LIST:
        return add_to_list(o->value, text);
    }
    return false;
}

static const char *expected(cci_option_kind_t kind)
{
    switch (kind) {
    case CCI_OPTION_COUNT:
        return "a whole number from 1 on";
    case CCI_OPTION_BYTES:
        return "a number of bytes such as 4096 or 512k";
    case CCI_OPTION_SECONDS:
        return "seconds such as 1.5";
    case CCI_OPTION_LIST:
        return "fewer of them";
    default:
        return "another value";
    }
}

/* ---- help ---- */

static void put_option_help(const cci_option_t *o)
{
    char left[64];
    int  n = o->letter ? snprintf(left, sizeof left, "-%c%s", o->letter, o->name ? ", " : "")
                       : snprintf(left, sizeof left, "    ");

    if (o->name)
        n += snprintf(left + n, sizeof left - (size_t)n, "--%.24s", o->name);
    if (o->argument)
        snprintf(left + n, sizeof left - (size_t)n, " %.16s", o->argument);
    printf("  %-24s %s\n", left, o->help);
}

static int put_help(const cci_command_t *c)
{
    printf("usage: ccmem %s %s\n\n%s\n\n", c->name, c->synopsis, c->about);
    for (size_t i = 0; i < c->option_count; i++)
        put_option_help(&c->options[i]);
    printf("  %-24s %s\n", "-h, --help", "say this");
    return fflush(stdout) == 0 ? CCI_EXIT_DONE : CCI_EXIT_SYSTEM;
}

/* ---- options ---- */

static const cci_option_t *find_name(const cci_command_t *c, const char *name, size_t length)
{
    for (size_t i = 0; i < c->option_count; i++) {
        const char *known = c->options[i].name;
        if (known && strlen(known) == length && memcmp(known, name, length) == 0)
            return &c->options[i];
    }
    return NULL;
}

static const cci_option_t *find_letter(const cci_command_t *c, char letter)
{
    for (size_t i = 0; i < c->option_count; i++)
        if (c->options[i].letter == letter)
            return &c->options[i];
    return NULL;
}

static int refuse_name(const cci_command_t *c, const char *given, size_t length)
{
    enum { NAMES = 32 };
    const char *names[NAMES] = { "help" };
    size_t      n            = 1;
    char        word[64];

    for (size_t i = 0; i < c->option_count && n < NAMES; i++)
        if (c->options[i].name)
            names[n++] = c->options[i].name;
    snprintf(word, sizeof word, "%.*s", (int)(length < 60 ? length : 60), given);
    const char *near = cci_nearest(word, names, n);
    if (near)
        return cci_fail(CCI_EXIT_USAGE, c->name, NULL, "--%s: no such option; --%s is one", word,
                        near);
    return cci_fail(CCI_EXIT_USAGE, c->name, NULL, "--%s: no such option; see ccmem %s --help",
                    word, c->name);
}

/* text NULL: the value is the next word. shown: how the option was written. */
static int take_value(parser_t *p, const cci_option_t *o, const char *shown, const char *text)
{
    if (o->kind != CCI_OPTION_FLAG && !text) {
        if (p->next == p->argc)
            return cci_fail(CCI_EXIT_USAGE, p->command->name, shown, "needs %s", o->argument);
        text = p->argv[p->next++];
    }
    if (!set_value(o, text))
        return cci_fail(CCI_EXIT_USAGE, p->command->name, shown, "'%s': expected %s", text,
                        expected(o->kind));
    return CCI_GO_ON;
}

static int parse_long(parser_t *p, const char *word)
{
    const char *equals = strchr(word, '=');
    size_t      length = equals ? (size_t)(equals - word) : strlen(word);
    char        shown[64];

    if (strcmp(word, "help") == 0)
        return put_help(p->command);
    const cci_option_t *o = find_name(p->command, word, length);
    if (!o)
        return refuse_name(p->command, word, length);
    snprintf(shown, sizeof shown, "--%.60s", o->name);
    if (equals && o->kind == CCI_OPTION_FLAG)
        return cci_fail(CCI_EXIT_USAGE, p->command->name, shown, "takes no value");
    return take_value(p, o, shown, equals ? equals + 1 : NULL);
}

static int parse_letters(parser_t *p, const char *letters)
{
    for (const char *l = letters; *l; l++) {
        const cci_option_t *o        = find_letter(p->command, *l);
        char                shown[3] = { '-', *l, '\0' };
        if (!o && *l == 'h')
            return put_help(p->command);
        if (!o)
            return cci_fail(CCI_EXIT_USAGE, p->command->name, shown,
                            "no such option; see ccmem %s --help", p->command->name);
        const char *rest   = o->kind != CCI_OPTION_FLAG && l[1] ? l + 1 : NULL;
        int         status = take_value(p, o, shown, rest);
        if (status != CCI_GO_ON || o->kind != CCI_OPTION_FLAG)
            return status;
    }
    return CCI_GO_ON;
}

static void take_operand(parser_t *p, char *word)
{
    p->argv[1 + p->operands++] = word;
}

static void take_rest(parser_t *p)
{
    while (p->next < p->argc)
        take_operand(p, p->argv[p->next++]);
}

static int parse_word(parser_t *p)
{
    char *word = p->argv[p->next++];

    if (strcmp(word, "--") == 0) {
        take_rest(p);
        return CCI_GO_ON;
    }
    if (strncmp(word, "--", 2) == 0)
        return parse_long(p, word + 2);
    if (word[0] == '-' && word[1])
        return parse_letters(p, word + 1);
    take_operand(p, word);
    if (p->command->program)
        take_rest(p);
    return CCI_GO_ON;
}

static int check_operands(const parser_t *p)
{
    const cci_command_t *c = p->command;

    if (p->operands < c->operands_min)
        return cci_fail(CCI_EXIT_USAGE, c->name, NULL, "%s: missing; usage: ccmem %s %s",
                        c->operand, c->name, c->synopsis);
    if (p->operands > c->operands_max)
        return cci_fail(CCI_EXIT_USAGE, c->name, p->argv[1 + c->operands_max],
                        "one %s too many; usage: ccmem %s %s", c->operand, c->name, c->synopsis);
    return CCI_GO_ON;
}

int cci_options_parse(const cci_command_t *c, int argc, char **argv, size_t *operands)
{
    parser_t p = { .command = c, .argc = argc, .next = 1, .argv = argv };

    while (p.next < p.argc) {
        int status = parse_word(&p);
        if (status != CCI_GO_ON)
            return status;
    }
    *operands = p.operands;
    return check_operands(&p);
}
