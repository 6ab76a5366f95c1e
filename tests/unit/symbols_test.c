/* SPDX-License-Identifier: MIT */
/* Programs compiled here, whole and stripped in every way that symbols can be elsewhere: the
 * functions, inlined calls, files and lines found are those of their sources. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <link.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "symbols/symbolizer.h"

#define C_SOURCE   CCMEM_SOURCE_DIR "/tests/programs/symbols_c.c"
#define CPP_SOURCE CCMEM_SOURCE_DIR "/tests/programs/symbols_cpp.cpp"

/* A folder for the files of all tests; each test makes its own below it. */
static char folder[] = "/tmp/ccmem-symbols-XXXXXX";

/* Run a shell command in the folder and return its exit status. */
__attribute__((format(printf, 1, 2))) static int shell(const char *format, ...)
{
    char    command[4096];
    va_list args;
    int     n = snprintf(command, sizeof command, "cd '%s' && exec 2>>log && ", folder);

    va_start(args, format);
    n += vsnprintf(command + n, sizeof command - (size_t)n, format, args);
    va_end(args);
    assert_true((size_t)n < sizeof command);
    return system(command);
}

static bool has_tool(const char *name)
{
    return shell("command -v %s >/dev/null", name) == 0;
}

static const char *in_folder(const char *name)
{
    static char path[PATH_MAX];

    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* What a command prints, up to the end of its first line. */
static const char *first_line(const char *command)
{
    static char line[4096];
    FILE       *f = popen(command, "r");

    assert_non_null(f);
    if (!fgets(line, sizeof line, f))
        line[0] = '\0';
    assert_int_equal(pclose(f), 0);
    line[strcspn(line, "\n")] = '\0';
    return line;
}

static uint64_t address_of(const char *program, const char *label)
{
    char     command[2 * PATH_MAX];
    uint64_t address;

    (void)snprintf(command, sizeof command, "nm '%s/%s' | grep ' %s$'", folder, program, label);
    assert_int_equal(sscanf(first_line(command), "%" SCNx64, &address), 1);
    return address;
}

/* The line of a source that ends in a comment with this text. */
static unsigned line_of(const char *source, const char *comment)
{
    char command[2 * PATH_MAX];

    (void)snprintf(command, sizeof command, "grep -n '/\\* %s \\*/$' '%s'", comment, source);
    unsigned line = (unsigned)strtoul(first_line(command), NULL, 10);
    assert_int_not_equal(line, 0);
    return line;
}

struct build_id {
    uint8_t bytes[64];
    size_t  length;
};

static struct build_id build_id_of(const char *program)
{
    struct build_id id = { .length = 0 };
    char            command[2 * PATH_MAX];

    (void)snprintf(command, sizeof command,
                   "readelf -n '%s/%s' 2>/dev/null | sed -n 's/.*Build ID: //p'", folder, program);
    for (const char *hex = first_line(command); hex[0] && hex[1]; hex += 2)
        assert_int_equal(sscanf(hex, "%2" SCNx8, &id.bytes[id.length++]), 1);
    assert_true(id.length > 2);
    return id;
}

/* Put file where a debug folder has the separate file of this build-id. */
static void install_debug(const char *file, const char *debug_dir, const struct build_id *id)
{
    char hex[2 * 64 + 1];

    for (size_t i = 0; i < id->length; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", id->bytes[i]);
    assert_int_equal(shell("mkdir -p %s/.build-id/%.2s && cp %s %s/.build-id/%.2s/%s.debug",
                           debug_dir, hex, file, debug_dir, hex, hex + 2),
                     0);
}

/* Most tests look nothing up outside their folder. */
static cci_symbolizer_t *create(void)
{
    cci_symbolizer_options_t options = { .debug_dirs = "/nonexistent" };
    cci_symbolizer_t        *s       = cci_symbolizer_create(&options);

    assert_non_null(s);
    return s;
}

static uint32_t add(cci_symbolizer_t *s, const char *path, const struct build_id *id)
{
    cci_symbol_module_t module = { path, id ? id->bytes : NULL, id ? id->length : 0 };
    uint32_t            index;

    assert_true(cci_symbolizer_add_module(s, &module, &index));
    return index;
}

static cci_symbol_frames_t look(cci_symbolizer_t *s, uint32_t module, uint64_t vaddr)
{
    cci_symbol_frames_t found = { NULL, SIZE_MAX };

    assert_true(cci_symbolizer_lookup(s, module, vaddr, false, &found));
    return found;
}

static void assert_frame(cci_symbol_frames_t found, size_t i, const char *function,
                         const char *source, const char *comment)
{
    assert_true(i < found.count);
    assert_string_equal(found.frame[i].function, function);
    assert_string_equal(found.frame[i].file, source);
    assert_int_equal(found.frame[i].line, line_of(source, comment));
    assert_int_equal(found.frame[i].inlined, i + 1 < found.count);
}

/* The chain of calls that symbols_c.c promises for at_leaf. */
static void assert_leaf_chain(cci_symbol_frames_t found)
{
    assert_int_equal(found.count, 3);
    assert_frame(found, 0, "leaf", C_SOURCE, "leaf");
    assert_frame(found, 1, "middle", C_SOURCE, "call of leaf");
    assert_frame(found, 2, "outer", C_SOURCE, "call of middle");
}

static void assert_symbol_only(cci_symbol_frames_t found, const char *function)
{
    assert_int_equal(found.count, 1);
    assert_string_equal(found.frame[0].function, function);
    assert_null(found.frame[0].file);
    assert_int_equal(found.frame[0].line, 0);
    assert_false(found.frame[0].inlined);
}

static void assert_leaf_at(const char *path, const struct build_id *id, uint64_t at_leaf,
                           const char *debug_dirs)
{
    cci_symbolizer_options_t options = { .debug_dirs = debug_dirs };
    cci_symbolizer_t        *s       = cci_symbolizer_create(&options);

    assert_non_null(s);
    assert_leaf_chain(look(s, add(s, path, id), at_leaf));
    cci_symbolizer_destroy(s);
}

static void inlined_calls_and_lines_in_every_kind_of_dwarf(void **state)
{
    static const char *const compilers[] = {
        "cc -g -O2",
        "cc -gdwarf-4 -O0",
        "cc -gdwarf-5 -O1 -gz",
        "cc -g -O2 -no-pie",
        "cc -gdwarf-4 -O2",
        "cc -gdwarf-5 -gsplit-dwarf",
        "clang -g -O2",
        "clang -gdwarf-4 -O1",
        "cc -g -O2 -flto",
        "cc -gdwarf-4 -gsplit-dwarf",
    };

    (void)state;
    for (size_t i = 0; i < sizeof compilers / sizeof compilers[0]; i++) {
        if (strncmp(compilers[i], "clang", 5) == 0 && !has_tool("clang"))
            continue;
        assert_int_equal(shell("%s -o kinds %s", compilers[i], C_SOURCE), 0);
        cci_symbolizer_t   *s = create();
        uint32_t            m = add(s, in_folder("kinds"), NULL);
        cci_symbol_frames_t found;

        assert_leaf_chain(look(s, m, address_of("kinds", "at_leaf")));
        found = look(s, m, address_of("kinds", "at_middle"));
        assert_int_equal(found.count, 2);
        assert_frame(found, 0, "middle", C_SOURCE, "middle");
        assert_frame(found, 1, "outer", C_SOURCE, "call of middle");
        found = look(s, m, address_of("kinds", "at_outer"));
        assert_int_equal(found.count, 1);
        assert_frame(found, 0, "outer", C_SOURCE, "outer");
        cci_symbolizer_destroy(s);
    }
}

static void relative_source_is_below_the_folder_of_the_compilation(void **state)
{
    (void)state;
    assert_int_equal(
        shell("mkdir -p sub && cp %s sub/rel.c && cc -g -O2 -o rel sub/rel.c", C_SOURCE), 0);
    char real[PATH_MAX], expected[PATH_MAX + 16];
    assert_non_null(realpath(folder, real));
    (void)snprintf(expected, sizeof expected, "%s/sub/rel.c", real);

    cci_symbolizer_t   *s = create();
    cci_symbol_frames_t found =
        look(s, add(s, in_folder("rel"), NULL), address_of("rel", "at_leaf"));
    assert_int_equal(found.count, 3);
    assert_string_equal(found.frame[0].file, expected);
    assert_string_equal(found.frame[2].file, expected);
    cci_symbolizer_destroy(s);
}

static void names_of_cpp_are_demangled_with_and_without_dwarf(void **state)
{
    static const struct {
        const char *label, *function;
    } expected[] = {
        { "at_method", "shapes::Box<int>::fill(int const&)" },
        { "at_overload_int", "shapes::paint(int)" },
        { "at_overload_double", "shapes::paint(double)" },
        { "at_hidden", "(anonymous namespace)::hidden(int)" },
    };

    (void)state;
    if (!has_tool("c++"))
        skip();
    for (int debug = 0; debug < 2; debug++) {
        assert_int_equal(shell("c++ %s -O0 -o cpp %s", debug ? "-g" : "-g0", CPP_SOURCE), 0);
        cci_symbolizer_t *s = create();
        uint32_t          m = add(s, in_folder("cpp"), NULL);

        for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
            cci_symbol_frames_t found = look(s, m, address_of("cpp", expected[i].label));
            assert_int_equal(found.count, 1);
            assert_string_equal(found.frame[0].function, expected[i].function);
            assert_int_equal(found.frame[0].line != 0, debug);
        }
        cci_symbol_frames_t found = look(s, m, address_of("cpp", "at_lambda"));
        assert_int_equal(found.count, debug ? 3 : 1);
        assert_string_equal(found.frame[found.count - 1].function, "use_lambda()");
        cci_symbolizer_destroy(s);
    }
}

static void names_of_rust_lose_their_hash(void **state)
{
    (void)state;
    if (!has_tool("rustc"))
        skip();
    assert_int_equal(
        shell("printf '%%s\\n' 'mod shop {' '#[inline(never)] pub fn sell(n: u64) -> u64 {'"
              " 'std::hint::black_box(n) + 1 }' '}'"
              " 'fn main() { std::process::exit(shop::sell(1) as i32); }' > shop.rs &&"
              " rustc -g -O --crate-name shop -o shop shop.rs"),
        0);
    char command[2 * PATH_MAX];
    (void)snprintf(command, sizeof command, "nm '%s/shop' | grep '4shop4sell'", folder);
    uint64_t address;
    assert_int_equal(sscanf(first_line(command), "%" SCNx64, &address), 1);

    cci_symbolizer_t   *s     = create();
    cci_symbol_frames_t found = look(s, add(s, in_folder("shop"), NULL), address);
    assert_true(found.count >= 1);
    assert_string_equal(found.frame[found.count - 1].function, "shop::shop::sell");
    assert_non_null(found.frame[0].file);
    cci_symbolizer_destroy(s);
}

static void the_best_symbol_and_none_beyond_its_end(void **state)
{
    (void)state;
    assert_int_equal(shell("cc -O2 -o plain %s", C_SOURCE), 0);
    cci_symbolizer_t *s      = create();
    uint32_t          m      = add(s, in_folder("plain"), NULL);
    uint64_t          second = address_of("plain", "paired_second");
    uint64_t          gap    = address_of("plain", "paired_gap");
    uint64_t          lonely = address_of("plain", "lonely_unsized");
    uint64_t          end    = lonely + (second - address_of("plain", "paired_first")) * 2;

    assert_symbol_only(look(s, m, address_of("plain", "at_leaf")), "outer");
    assert_symbol_only(look(s, m, address_of("plain", "aliased")), "aliased");
    assert_symbol_only(look(s, m, second - 1), "paired_first");
    assert_symbol_only(look(s, m, second), "paired_second");
    assert_symbol_only(look(s, m, gap - 1), "paired_second");
    assert_int_equal(look(s, m, gap).count, 0);
    assert_symbol_only(look(s, m, lonely), "lonely_unsized");
    assert_symbol_only(look(s, m, end - 1), "lonely_unsized");
    assert_int_equal(look(s, m, end).count, 0);
    assert_int_equal(look(s, m, address_of("plain", "paired_before")).count, 0);
    assert_int_equal(look(s, m, 0).count, 0);
    assert_int_equal(look(s, m, UINT64_MAX).count, 0);
    cci_symbolizer_destroy(s);
}

static void a_function_within_another_is_no_inlined_one(void **state)
{
    (void)state;
    assert_int_equal(shell("cc -g -O2 -o nest %s", C_SOURCE), 0);
    if (shell("nm nest | grep -q at_nested") != 0)
        skip(); /* the compiler has no such functions */
    cci_symbolizer_t   *s = create();
    cci_symbol_frames_t found =
        look(s, add(s, in_folder("nest"), NULL), address_of("nest", "at_nested"));
    assert_int_equal(found.count, 1);
    assert_frame(found, 0, "nested", C_SOURCE, "nested");
    cci_symbolizer_destroy(s);
}

static void a_function_that_the_linker_dropped_is_nowhere(void **state)
{
    (void)state;
    assert_int_equal(shell("cc -g -O2 -DWITH_DROPPED -ffunction-sections -Wl,--gc-sections"
                           " -Wl,-u,paired_first -o drop %s && ! nm drop | grep -q dropped",
                           C_SOURCE),
                     0);
    cci_symbolizer_t *s     = create();
    uint32_t          m     = add(s, in_folder("drop"), NULL);
    uint64_t          first = address_of("drop", "paired_first");

    assert_true(first < 65536);
    assert_symbol_only(look(s, m, first), "paired_first");
    assert_leaf_chain(look(s, m, address_of("drop", "at_leaf")));
    cci_symbolizer_destroy(s);
}

static void a_return_address_is_of_the_call_before(void **state)
{
    (void)state;
    assert_int_equal(shell("cc -O2 -o calls %s", C_SOURCE), 0);
    cci_symbolizer_t   *s      = create();
    uint32_t            m      = add(s, in_folder("calls"), NULL);
    uint64_t            second = address_of("calls", "paired_second");
    cci_symbol_frames_t found;

    assert_true(cci_symbolizer_lookup(s, m, second, true, &found));
    assert_symbol_only(found, "paired_first");
    assert_true(cci_symbolizer_lookup(s, m, second, false, &found));
    assert_symbol_only(found, "paired_second");
    assert_true(cci_symbolizer_lookup(s, m, 0, true, &found));
    assert_int_equal(found.count, 0);
    cci_symbolizer_destroy(s);
}

static void a_stripped_file_finds_its_debuglink(void **state)
{
    (void)state;
    assert_int_equal(
        shell("mkdir -p linked/.debug && cc -g -O2 -Wl,--build-id=none -o linked/whole %s"
              " && objcopy --only-keep-debug linked/whole linked/.debug/prog.debug"
              " && strip -o linked/prog linked/whole"
              " && objcopy --add-gnu-debuglink=linked/.debug/prog.debug linked/prog",
              C_SOURCE),
        0);
    uint64_t at_leaf = address_of("linked/whole", "at_leaf");
    assert_leaf_at(in_folder("linked/prog"), NULL, at_leaf, "/nonexistent");

    /* A changed file under that name has another checksum, and is not believed. */
    assert_int_equal(shell("echo >>linked/.debug/prog.debug"), 0);
    cci_symbolizer_t *s = create();
    assert_int_equal(look(s, add(s, in_folder("linked/prog"), NULL), at_leaf).count, 0);
    cci_symbolizer_destroy(s);
}

/* A program, whole and stripped, with the separate file of it in the debug folder NAME-debug. */
static struct build_id make_stripped(const char *name)
{
    assert_int_equal(shell("cc -g -O2 -Wl,--build-id -o %s-whole %s && strip -o %s %s-whole"
                           " && objcopy --only-keep-debug %s-whole %s.separate",
                           name, C_SOURCE, name, name, name, name),
                     0);
    char file[64], debug_dir[64];
    (void)snprintf(file, sizeof file, "%s.separate", name);
    (void)snprintf(debug_dir, sizeof debug_dir, "%s-debug", name);
    struct build_id id = build_id_of(name);
    install_debug(file, debug_dir, &id);
    return id;
}

static void a_stripped_file_finds_its_build_id_in_the_debug_folders(void **state)
{
    (void)state;
    struct build_id id      = make_stripped("byid");
    uint64_t        at_leaf = address_of("byid-whole", "at_leaf");
    char            dirs[PATH_MAX];

    (void)snprintf(dirs, sizeof dirs, "/nonexistent:%s/byid-debug", folder);
    assert_leaf_at(in_folder("byid"), &id, at_leaf, dirs);
    assert_leaf_at(in_folder("byid"), NULL, at_leaf, dirs);

    cci_symbolizer_t *s = create();
    assert_int_equal(look(s, add(s, in_folder("byid"), &id), at_leaf).count, 0);
    cci_symbolizer_destroy(s);
}

static void a_missing_file_is_replaced_by_what_has_its_build_id(void **state)
{
    (void)state;
    struct build_id id      = make_stripped("gone");
    uint64_t        at_leaf = address_of("gone-whole", "at_leaf");
    char            dirs[PATH_MAX];

    (void)snprintf(dirs, sizeof dirs, "%s/gone-debug", folder);
    assert_leaf_at("/nonexistent/program", &id, at_leaf, dirs);
    assert_leaf_at(NULL, &id, at_leaf, dirs);
    assert_leaf_at("/nonexistent/program (deleted)", &id, at_leaf, dirs);
}

static void dwz_shares_debug_information_through_a_link(void **state)
{
    (void)state;
    if (!has_tool("dwz"))
        skip();
    /* Types enough that sharing them pays: libdw takes no shared file with nothing but strings. */
    assert_int_equal(shell("mkdir -p dwz && cc -gdwarf-4 -O2 -fno-eliminate-unused-debug-types"
                           " -include stdio.h -include stdlib.h -include signal.h -include time.h"
                           " -o dwz/one %s && cp dwz/one dwz/two && dwz -L none -m dwz/common -M "
                           "%s/dwz/common dwz/one dwz/two"
                           " && readelf -SW dwz/one | grep -q gnu_debugaltlink",
                           C_SOURCE, folder),
                     0);
    assert_leaf_at(in_folder("dwz/one"), NULL, address_of("dwz/one", "at_leaf"), "/nonexistent");
}

static void mini_debug_information_names_functions(void **state)
{
    (void)state;
    if (!has_tool("xz"))
        skip();
    assert_int_equal(shell("cc -O2 -o mini-whole %s && strip -g -o mini-syms mini-whole"
                           " && objcopy --only-keep-debug mini-syms mini-data && xz -k mini-data"
                           " && strip -o mini mini-whole"
                           " && objcopy --add-section .gnu_debugdata=mini-data.xz mini",
                           C_SOURCE),
                     0);
    cci_symbolizer_t *s = create();
    assert_symbol_only(
        look(s, add(s, in_folder("mini"), NULL), address_of("mini-whole", "at_leaf")), "outer");
    cci_symbolizer_destroy(s);
}

struct warnings {
    unsigned count;
    char     last[PATH_MAX + 256];
};

static void count_warning(void *context, const char *path, const char *why)
{
    struct warnings *w = context;

    w->count++;
    (void)snprintf(w->last, sizeof w->last, "%s: %s", path, why);
}

static void another_build_id_is_never_used_and_said_once(void **state)
{
    (void)state;
    struct build_id id       = make_stripped("mismatch");
    uint64_t        at_leaf  = address_of("mismatch-whole", "at_leaf");
    struct build_id other    = id;
    struct warnings warnings = { 0 };
    char            dirs[PATH_MAX];

    (void)snprintf(dirs, sizeof dirs, "%s/mismatch-debug", folder);
    cci_symbolizer_options_t options = { .debug_dirs   = dirs,
                                         .warn         = count_warning,
                                         .warn_context = &warnings };
    cci_symbolizer_t        *s       = cci_symbolizer_create(&options);
    assert_non_null(s);
    other.bytes[0] ^= 1;
    uint32_t m = add(s, in_folder("mismatch-whole"), &other);
    assert_int_equal(warnings.count, 0);
    assert_int_equal(look(s, m, at_leaf).count, 0);
    assert_int_equal(look(s, m, at_leaf + 1).count, 0);
    assert_int_equal(warnings.count, 1);
    assert_non_null(strstr(warnings.last, "mismatch-whole: the file has another build-id"));

    /* The file was replaced by a newer build, the debug folder has the recorded one. */
    assert_int_equal(shell("cc -O1 -Wl,--build-id -DNEWER -o replaced %s", C_SOURCE), 0);
    assert_leaf_chain(look(s, add(s, in_folder("replaced"), &id), at_leaf));
    assert_int_equal(warnings.count, 2);
    assert_non_null(strstr(warnings.last, "using separate debug information"));

    /* A file without build-id is not the recorded one either. */
    assert_int_equal(shell("objcopy -R .note.gnu.build-id mismatch-whole no-id"), 0);
    assert_int_equal(look(s, add(s, in_folder("no-id"), &other), at_leaf).count, 0);
    assert_int_equal(warnings.count, 3);
    cci_symbolizer_destroy(s);
}

static void a_sysroot_stands_before_every_path(void **state)
{
    (void)state;
    struct build_id id      = make_stripped("rooted");
    uint64_t        at_leaf = address_of("rooted-whole", "at_leaf");

    assert_int_equal(shell("mkdir -p root/opt root/usr/lib && cp rooted root/opt/tool"
                           " && mv rooted-debug root/usr/lib/debug"),
                     0);
    cci_symbolizer_options_t options = { .sysroot = in_folder("root") };
    cci_symbolizer_t        *s       = cci_symbolizer_create(&options);
    assert_non_null(s);
    assert_leaf_chain(look(s, add(s, "/opt/tool", &id), at_leaf));
    cci_symbolizer_destroy(s);
}

/* A debuginfod "server" is a folder here; the same lookup with it allowed shows that it would
 * have answered. */
static void debuginfod_is_asked_only_when_allowed(void **state)
{
    (void)state;
    struct build_id id      = make_stripped("served");
    uint64_t        at_leaf = address_of("served-whole", "at_leaf");
    char            hex[2 * 64 + 1], url[PATH_MAX + 16], cache[PATH_MAX];

    for (size_t i = 0; i < id.length; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", id.bytes[i]);
    assert_int_equal(
        shell("mkdir -p server/buildid/%s && cp served.separate server/buildid/%s/debuginfo"
              " && cp served server/buildid/%s/executable",
              hex, hex, hex),
        0);
    (void)snprintf(url, sizeof url, "file://%s/server", folder);
    (void)snprintf(cache, sizeof cache, "%s/cache", folder);
    setenv("DEBUGINFOD_URLS", url, 1);
    setenv("DEBUGINFOD_CACHE_PATH", cache, 1);

    cci_symbolizer_options_t options = { .debug_dirs = "/nonexistent" };
    cci_symbolizer_t        *s       = cci_symbolizer_create(&options);
    assert_non_null(s);
    assert_int_equal(look(s, add(s, in_folder("served"), &id), at_leaf).count, 0);
    assert_int_equal(look(s, add(s, "/nonexistent/served", &id), at_leaf).count, 0);
    cci_symbolizer_destroy(s);
    assert_int_not_equal(access(cache, F_OK), 0);
    assert_string_equal(getenv("DEBUGINFOD_URLS"), url);

    void *client = dlopen("libdebuginfod.so.1", RTLD_NOW);
    if (client) {
        options.debuginfod = true;
        s                  = cci_symbolizer_create(&options);
        assert_non_null(s);
        assert_leaf_chain(look(s, add(s, in_folder("served"), &id), at_leaf));
        assert_leaf_chain(look(s, add(s, "/nonexistent/served", &id), at_leaf));
        cci_symbolizer_destroy(s);
        dlclose(client);
    }
    unsetenv("DEBUGINFOD_URLS");
    unsetenv("DEBUGINFOD_CACHE_PATH");
}

static void the_malloc_of_libc_has_its_public_name(void **state)
{
    void            *libc = dlopen("libc.so.6", RTLD_NOW);
    void            *f    = libc ? dlsym(libc, "malloc") : NULL;
    Dl_info          info;
    struct link_map *map;

    (void)state;
    if (!f || !dladdr1(f, &info, (void **)&map, RTLD_DL_LINKMAP))
        skip();
    cci_symbolizer_t *s = create();
    uint32_t          m = add(s, info.dli_fname, NULL);
    assert_symbol_only(look(s, m, (uintptr_t)f - map->l_addr), "malloc");
    cci_symbolizer_destroy(s);
    dlclose(libc);
}

static void what_is_no_file_has_no_symbols_and_is_no_noise(void **state)
{
    (void)state;
    assert_int_equal(shell("mkfifo pipe && mkdir -p dir && : > empty && echo text > text"
                           " && printf '\\177ELF' > magic && echo 'int f(void){return 0;}' > o.c"
                           " && cc -g -c -o object.o o.c && : > secret && chmod 0 secret"),
                     0);
    static const char *const names[]  = { "pipe",  "dir",      "empty", "text",
                                          "magic", "object.o", "secret" };
    static const char *const paths[]  = { "",
                                          "[vdso]",
                                          "[anon]",
                                          "//anon",
                                          "relative",
                                          "/dev/zero",
                                          "/memfd:jit (deleted)",
                                          "/nonexistent" };
    struct warnings          warnings = { 0 };
    cci_symbolizer_options_t options  = { .warn = count_warning, .warn_context = &warnings };
    cci_symbolizer_t        *s        = cci_symbolizer_create(&options);

    assert_non_null(s);
    assert_int_equal(look(s, add(s, NULL, NULL), 0x1000).count, 0);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_int_equal(look(s, add(s, in_folder(names[i]), NULL), 0).count, 0);
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        assert_int_equal(look(s, add(s, paths[i], NULL), 0x1000).count, 0);
    assert_int_equal(warnings.count, 0);
    cci_symbolizer_destroy(s);
    cci_symbolizer_destroy(NULL);
}

static void answers_and_strings_are_kept_and_modules_known_once(void **state)
{
    (void)state;
    struct build_id   id = make_stripped("kept");
    cci_symbolizer_t *s  = create();
    uint32_t          m  = add(s, in_folder("kept-whole"), &id);

    assert_int_equal(add(s, in_folder("kept-whole"), &id), m);
    assert_int_not_equal(add(s, in_folder("kept-whole"), NULL), m);
    assert_int_not_equal(add(s, in_folder("kept"), &id), m);
    cci_symbol_frames_t a = look(s, m, address_of("kept-whole", "at_leaf"));
    cci_symbol_frames_t b = look(s, m, address_of("kept-whole", "at_middle"));
    assert_ptr_equal(look(s, m, address_of("kept-whole", "at_leaf")).frame, a.frame);
    assert_ptr_equal(a.frame[0].file, b.frame[0].file);
    assert_ptr_equal(a.frame[1].function, b.frame[0].function);
    assert_leaf_chain(a);
    cci_symbolizer_destroy(s);
}

static void write_file(const char *name, const unsigned char *bytes, size_t size)
{
    FILE *f = fopen(in_folder(name), "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
}

/* Look a few addresses up; what is found is of no interest, that it comes back is. */
static void survive(const char *name, uint64_t at)
{
    cci_symbolizer_t *s = create();
    uint32_t          m = add(s, in_folder(name), NULL);

    for (uint64_t vaddr = at - 64; vaddr < at + 64; vaddr += 3) {
        cci_symbol_frames_t found = look(s, m, vaddr);
        for (size_t i = 0; i < found.count; i++)
            assert_true(!found.frame[i].function || strlen(found.frame[i].function) <= 4096);
    }
    cci_symbolizer_destroy(s);
}

static uint32_t next_random(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

static void damaged_files_are_survived(void **state)
{
    (void)state;
    assert_int_equal(shell("cc -g -O2 -nostdlib -shared -fPIC -o damaged %s", C_SOURCE), 0);
    uint64_t             at = address_of("damaged", "at_leaf");
    static unsigned char whole[1 << 17], copy[1 << 17];
    FILE                *f    = fopen(in_folder("damaged"), "rb");
    size_t               size = f ? fread(whole, 1, sizeof whole, f) : 0;
    uint32_t             seed = 2463534242u;

    assert_true(size > 1000 && size < sizeof whole);
    assert_int_equal(fclose(f), 0);
    for (int i = 0; i < 40; i++) {
        write_file("cut", whole, next_random(&seed) % size);
        survive("cut", at);
    }
    for (int i = 0; i < 200; i++) {
        /* Every other one only in the last quarter, where DWARF, symbols and sections are. */
        size_t from = i % 2 ? size - size / 4 : 0;
        memcpy(copy, whole, size);
        for (int flips = 1 + i % 8; flips > 0; flips--)
            copy[from + next_random(&seed) % (size - from)] = (unsigned char)next_random(&seed);
        write_file("flipped", copy, size);
        survive("flipped", at);
    }
}

#if !CCMEM_INSTRUMENTED && defined(__GLIBC__)
#include "support/refusing_malloc.h"

/* Create, add, look up; each step that fails is repeated, which must then do its work. Returns
 * the number of failures seen. */
static unsigned run_with_failure(size_t k, const char *path, uint64_t at_leaf)
{
    cci_symbolizer_options_t options = { .debug_dirs = "/nonexistent" };
    cci_symbol_module_t      module  = { .path = path };
    cci_symbol_frames_t      found   = { NULL, 77 };
    unsigned                 failed  = 0;
    uint32_t                 m       = 77;

    calls               = 0;
    fail_at             = k;
    armed               = true;
    cci_symbolizer_t *s = cci_symbolizer_create(&options);
    failed += !s;
    s = s ? s : cci_symbolizer_create(&options);
    if (!cci_symbolizer_add_module(s, &module, &m)) {
        failed++;
        assert_int_equal(m, 77);
        assert_true(cci_symbolizer_add_module(s, &module, &m));
    }
    if (!cci_symbolizer_lookup(s, m, at_leaf, false, &found)) {
        failed++;
        assert_int_equal(found.count, 77);
        assert_true(cci_symbolizer_lookup(s, m, at_leaf, false, &found));
    }
    armed = false;
    assert_leaf_chain(found);
    cci_symbolizer_destroy(s);
    return failed;
}

static void every_failing_allocation_is_reported_and_harmless(void **state)
{
    char path[PATH_MAX];

    (void)state;
    assert_int_equal(shell("cc -g -O2 -o memory %s", C_SOURCE), 0);
    uint64_t at_leaf = address_of("memory", "at_leaf");
    (void)snprintf(path, sizeof path, "%s/memory", folder);
    assert_int_equal(run_with_failure(SIZE_MAX, path, at_leaf), 0);
    size_t total = calls;
    assert_true(total > 10);
    /* Sealing a table shrinks its block, and keeps the larger one when that is refused. */
    unsigned failed = 0;
    for (size_t k = 0; k < total; k++)
        failed += run_with_failure(k, path, at_leaf);
    assert_true(failed > total / 2);
}
#else
static void every_failing_allocation_is_reported_and_harmless(void **state)
{
    (void)state;
    skip();
}
#endif

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    char command[64];

    (void)state;
    (void)snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inlined_calls_and_lines_in_every_kind_of_dwarf),
        cmocka_unit_test(relative_source_is_below_the_folder_of_the_compilation),
        cmocka_unit_test(names_of_cpp_are_demangled_with_and_without_dwarf),
        cmocka_unit_test(names_of_rust_lose_their_hash),
        cmocka_unit_test(the_best_symbol_and_none_beyond_its_end),
        cmocka_unit_test(a_function_within_another_is_no_inlined_one),
        cmocka_unit_test(a_function_that_the_linker_dropped_is_nowhere),
        cmocka_unit_test(a_return_address_is_of_the_call_before),
        cmocka_unit_test(a_stripped_file_finds_its_debuglink),
        cmocka_unit_test(a_stripped_file_finds_its_build_id_in_the_debug_folders),
        cmocka_unit_test(a_missing_file_is_replaced_by_what_has_its_build_id),
        cmocka_unit_test(dwz_shares_debug_information_through_a_link),
        cmocka_unit_test(mini_debug_information_names_functions),
        cmocka_unit_test(another_build_id_is_never_used_and_said_once),
        cmocka_unit_test(a_sysroot_stands_before_every_path),
        cmocka_unit_test(debuginfod_is_asked_only_when_allowed),
        cmocka_unit_test(the_malloc_of_libc_has_its_public_name),
        cmocka_unit_test(what_is_no_file_has_no_symbols_and_is_no_noise),
        cmocka_unit_test(answers_and_strings_are_kept_and_modules_known_once),
        cmocka_unit_test(damaged_files_are_survived),
        cmocka_unit_test(every_failing_allocation_is_reported_and_harmless),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
