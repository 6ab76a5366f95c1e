/* SPDX-License-Identifier: MIT */
/* The option table: every way to write a value, what is refused, and the word that was meant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../cli/cli.h"

/* --- a command with one option of each kind --- */

typedef struct values {
    bool        flag, other;
    const char *text;
    uint64_t    count, bytes, seconds;
    cci_list_t  list;
    size_t      operands;
    char       *argv[32];
} values_t;

/* The words, split at blanks; "$" stands for an empty one. */
static int parse(values_t *v, const char *line, bool program)
{
    const cci_option_t options[] = {
        { "flag", 'f', CCI_OPTION_FLAG, &v->flag, NULL, "" },
        { "other", 'x', CCI_OPTION_FLAG, &v->other, NULL, "" },
        { "text", 't', CCI_OPTION_TEXT, &v->text, "T", "" },
        { "count", 'c', CCI_OPTION_COUNT, &v->count, "N", "" },
        { "bytes", 0, CCI_OPTION_BYTES, &v->bytes, "N", "" },
        { "seconds", 0, CCI_OPTION_SECONDS, &v->seconds, "S", "" },
        { "list", 'l', CCI_OPTION_LIST, &v->list, "L", "" },
    };
    const cci_command_t command = { .name         = "test",
                                    .synopsis     = "",
                                    .about        = "",
                                    .options      = options,
                                    .option_count = sizeof options / sizeof options[0],
                                    .operands_max = 9,
                                    .operand      = "WORD",
                                    .program      = program };
    static char         words[512];
    int                 argc = 1;

    *v         = (values_t){ 0 };
    v->argv[0] = words; /* never read */
    snprintf(words, sizeof words, "%s", line);
    for (char *w = strtok(words, " "); w; w = strtok(NULL, " "))
        v->argv[argc++] = strcmp(w, "$") == 0 ? w + 1 : w;
    return cci_options_parse(&command, argc, v->argv, &v->operands);
}

static void accept(values_t *v, const char *line)
{
    assert_int_equal(parse(v, line, false), CCI_GO_ON);
}

static void refuse(const char *line)
{
    values_t v;
    assert_int_equal(parse(&v, line, false), CCI_EXIT_USAGE);
}

/* --- tests --- */

static void test_forms(void **state)
{
    (void)state;
    static const char *const FORMS[] = { "--text one -f", "--text=one --flag", "-t one -f",
                                         "-tone -f",      "-ft one",           "-ftone" };
    values_t                 v;
    for (size_t i = 0; i < sizeof FORMS / sizeof FORMS[0]; i++) {
        accept(&v, FORMS[i]);
        assert_string_equal(v.text, "one");
        assert_true(v.flag && !v.other && v.operands == 0);
    }
    accept(&v, "-fx");
    assert_true(v.flag && v.other);
    accept(&v, "--text=a=b");
    assert_string_equal(v.text, "a=b");
    accept(&v, "--text=");
    assert_string_equal(v.text, "");
    accept(&v, "--text --flag"); /* a value may look like an option */
    assert_string_equal(v.text, "--flag");
}

static void test_operands(void **state)
{
    (void)state;
    values_t v;
    accept(&v, "one -f two - -- -t three");
    assert_int_equal(v.operands, 5);
    assert_string_equal(v.argv[1], "one");
    assert_string_equal(v.argv[3], "-");
    assert_string_equal(v.argv[4], "-t");
    assert_true(v.flag && !v.text);
    assert_int_equal(parse(&v, "-f prog -t x -- y", true), CCI_GO_ON);
    assert_int_equal(v.operands, 5);
    assert_string_equal(v.argv[2], "-t");
    assert_string_equal(v.argv[4], "--");
    assert_null(v.text);
}

static void test_values(void **state)
{
    (void)state;
    values_t v;
    accept(&v, "--count 18446744073709551615 --seconds 1.5 --bytes 512k -l a -l b");
    assert_true(v.count == UINT64_MAX && v.seconds == 1500000000 && v.bytes == 524288);
    assert_int_equal(v.list.count, 2);
    assert_string_equal(v.list.item[1], "b");
    accept(&v, "--bytes 3MiB");
    assert_int_equal(v.bytes, 3 << 20);
    accept(&v, "--bytes 7B");
    assert_int_equal(v.bytes, 7);
    accept(&v, "--bytes 2GB");
    assert_true(v.bytes == UINT64_C(2) << 30);
    accept(&v, "--seconds 0");
    assert_int_equal(v.seconds, 0);
}

static void test_refusals(void **state)
{
    (void)state;
    static const char *const LINES[] = {
        "--nothing",
        "--fla",
        "-z",
        "-fz",
        "--text",
        "-t",
        "--flag=1",
        "--count 0",
        "--count 1x",
        "--count -1",
        "--count $",
        "--count +1",
        "--bytes 1x",
        "--bytes 1kk",
        "--bytes 1kiBx",
        "--bytes 0k",
        "--seconds -1",
        "--seconds $",
        "--seconds 1e3",
        "--seconds 0x1",
        "--seconds .",
        "--seconds 1.2.3",
        "--count 18446744073709551616",
        "--bytes 99999999999999G",
        "1 2 3 4 5 6 7 8 9 10",
    };
    for (size_t i = 0; i < sizeof LINES / sizeof LINES[0]; i++)
        refuse(LINES[i]);
}

static void test_the_nearest_word(void **state)
{
    (void)state;
    static const char *const WORDS[] = { "profile", "report", "run", "text" };
    enum { N = sizeof WORDS / sizeof WORDS[0] };
    assert_string_equal(cci_nearest("reprot", WORDS, N), "report"); /* a swap is one edit */
    assert_string_equal(cci_nearest("profil", WORDS, N), "profile");
    assert_string_equal(cci_nearest("rn", WORDS, N), "run");
    assert_null(cci_nearest("xyzzy", WORDS, N));
    assert_null(cci_nearest("", WORDS, N));
    assert_null(cci_nearest("a-word-much-longer-than-every-name-there-is", WORDS, N));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_operands),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_the_nearest_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
