/* SPDX-License-Identifier: MIT */
/* Names of C, C++ and Rust; and names made to take for ever, which take no time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "symbols/demangle.h"

static cci_store_t store;

static void assert_demangled(const char *name, const char *expected)
{
    const char *got = cci_demangle(&store, name);

    assert_non_null(got);
    assert_string_equal(got, expected);
}

static void names_are_as_people_write_them(void **state)
{
    static const char *const expected[][2] = {
        { "malloc", "malloc" },
        { "", "" },
        { "main.cold", "main.cold" },
        { "_Z", "_Z" },
        { "_Zebra", "_Zebra" },
        { "_R", "_R" },
        { "_ZNSt6vectorIiSaIiEE9push_backEOi",
          "std::vector<int, std::allocator<int> >::push_back(int&&)" },
        { "_ZN4ShopC2Ev", "Shop::Shop()" },
        { "_ZNK1AplERKS_", "A::operator+(A const&) const" },
        { "_ZL6hiddeni.constprop.0", "hidden(int) [clone .constprop.0]" },
        { "_ZN4core3fmt9Formatter3pad17h0123456789abcdefE", "core::fmt::Formatter::pad" },
        { "_ZN52_$LT$shop..Cart$u20$as$u20$core..ops..drop..Drop$GT$4drop17h0123456789abcdefE",
          "<shop::Cart as core::ops::drop::Drop>::drop" },
        { "_RNvCs1234_7mycrate3foo", "mycrate::foo" },
        { "_RNvCs1234_7mycrateu8gdel_5qa", "mycrate::g\xc3\xb6"
                                           "del" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        assert_demangled(expected[i][0], expected[i][1]);
}

static void equal_names_are_one_string(void **state)
{
    (void)state;
    assert_ptr_equal(cci_demangle(&store, "_Z1fv"), cci_demangle(&store, "_Z1fv"));
}

/* head, then middle as often as it fits, then tail. */
static char *name_of_length(size_t length, const char *head, const char *middle, const char *tail)
{
    static char name[100000];
    size_t      used = (size_t)snprintf(name, sizeof name, "%s", head);

    assert_true(length < sizeof name);
    while (used + strlen(middle) + strlen(tail) <= length)
        used += (size_t)snprintf(name + used, sizeof name - used, "%s", middle);
    (void)snprintf(name + used, sizeof name - used, "%s", tail);
    return name;
}

static void long_names_are_cut_and_say_so(void **state)
{
    (void)state;
    const char *long_c = name_of_length(50000, "f", "o", "");
    const char *got    = cci_demangle(&store, long_c);
    assert_non_null(got);
    assert_int_equal(strlen(got), CCI_DEMANGLE_OUTPUT_MAX);
    assert_memory_equal(got, long_c, CCI_DEMANGLE_OUTPUT_MAX - 3);
    assert_string_equal(got + CCI_DEMANGLE_OUTPUT_MAX - 3, "...");

    const char *exact = name_of_length(CCI_DEMANGLE_OUTPUT_MAX, "f", "o", "");
    assert_demangled(exact, exact);
    const char *long_cpp = name_of_length(CCI_DEMANGLE_INPUT_MAX + 1, "_Z1fv", "i", "");
    assert_demangled(long_cpp, long_cpp);
}

static void a_cut_keeps_characters_whole(void **state)
{
    (void)state;
    for (int shift = 0; shift < 3; shift++) {
        const char *got =
            cci_demangle(&store, name_of_length(9000, &"xxx"[shift], "\xe2\x82\xac", ""));
        assert_non_null(got);
        size_t length = strlen(got);
        assert_string_equal(got + length - 3, "...");
        assert_int_equal((length - 3 - strlen(&"xxx"[shift])) % 3, 0);
        assert_true(length > CCI_DEMANGLE_OUTPUT_MAX - 3);
    }
}

/* Each template argument doubles what stands before: 2 to the power of 34 characters. */
static void a_name_that_doubles_itself_ends(void **state)
{
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    char              name[1024];
    size_t            used = (size_t)snprintf(name, sizeof name, "_Z1f1AIiiE");

    (void)state;
    for (int i = 0; i < 34; i++)
        used +=
            (size_t)snprintf(name + used, sizeof name - used, "S_IS%c_S%c_E", digits[i], digits[i]);
    const char *got = cci_demangle(&store, name);
    assert_non_null(got);
    assert_int_equal(strlen(got), CCI_DEMANGLE_OUTPUT_MAX);
    assert_memory_equal(got, "f(A<int, int>, A<", 17);
}

static void deep_and_wide_names_end(void **state)
{
    static const char *const shapes[][3] = {
        { "_Z1f", "P", "i" },      { "_Z1f", "N1a", "E" },
        { "_Z1fIiEv", "RT_", "" }, { "_Z1f", "F", "" },
        { "_Z1fI", "Xplc", "i" },  { "_Z1f", "1AI", "iE" },
        { "_R", "NvC1a", "1b" },   { "_R", "I", "" },
        { "_RYTT", "B2_", "" },    { "_Z1fIiEvRT_RT_RT_", "SaIiE", "" },
        { "_ZN", "1a", "E" },      { "_RIC0", "T", "E" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        const char *name =
            name_of_length(CCI_DEMANGLE_INPUT_MAX, shapes[i][0], shapes[i][1], shapes[i][2]);
        const char *got = cci_demangle(&store, name);
        assert_non_null(got);
        assert_true(strlen(got) <= CCI_DEMANGLE_OUTPUT_MAX);
    }
}

/* Well-formed beginnings with random ends, which reach more of the grammars than noise does. */
static void random_names_end(void **state)
{
    static const char alphabet[] = "NSTILEXJDFRPKOQvicsdfpB0123_zCMUYytq$.\xc3";
    uint32_t          r          = 2463534242u;
    char              name[300];

    (void)state;
    for (int i = 0; i < 20000; i++) {
        size_t length =
            (size_t)snprintf(name, sizeof name, "%s", i % 3 ? "_Z1fI1AS_E" : "_RINvC1a1b");
        size_t end = length + r % 250;
        for (; length < end; length++) {
            r ^= r << 13, r ^= r >> 17, r ^= r << 5;
            name[length] = alphabet[r % (sizeof alphabet - 1)];
        }
        name[length] = '\0';
        r ^= r << 13, r ^= r >> 17, r ^= r << 5;
        assert_non_null(cci_demangle(&store, name));
    }
}

static int release_store(void **state)
{
    (void)state;
    cci_store_fini(&store);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_as_people_write_them),
        cmocka_unit_test(equal_names_are_one_string),
        cmocka_unit_test(long_names_are_cut_and_say_so),
        cmocka_unit_test(a_cut_keeps_characters_whole),
        cmocka_unit_test(a_name_that_doubles_itself_ends),
        cmocka_unit_test(deep_and_wide_names_end),
        cmocka_unit_test(random_names_end),
    };
    return cmocka_run_group_tests(tests, NULL, release_store);
}
