/* SPDX-License-Identifier: MIT */
/* A parse in an arena: the tree is built block by block, what a wrong line left is taken back, and
 * all of it goes at once. The text is lists of words, one a line: (a (b c) d). */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <ccmem/arena.h>

/* A word, or a list of nodes. */
typedef struct node {
    const char   *word; /* NULL: a list */
    struct node **items;
    size_t        count, capacity;
} node_t;

typedef struct parser {
    cc_arena_t *arena;
    const char *at;
} parser_t;

static node_t *parse_node(parser_t *p);

static node_t *new_node(parser_t *p)
{
    return cc_arena_alloc_zero(p->arena, sizeof(node_t), _Alignof(node_t));
}

/* The array of items grows where it is, as long as it is the last thing in the arena. */
static bool add(parser_t *p, node_t *list, node_t *item)
{
    if (list->count == list->capacity) {
        size_t   capacity = list->capacity ? 2 * list->capacity : 4;
        node_t **items    = cc_arena_resize(p->arena, list->items, list->capacity * sizeof *items,
                                            capacity * sizeof *items, _Alignof(node_t *));
        if (!items)
            return false;
        list->items    = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = item;
    return true;
}

static node_t *parse_list(parser_t *p)
{
    node_t *list = new_node(p);

    while (list) {
        p->at += strspn(p->at, " ");
        if (*p->at == ')') {
            p->at++;
            break;
        }
        node_t *item = parse_node(p);
        if (!item || !add(p, list, item))
            return NULL;
    }
    return list;
}

static node_t *parse_word(parser_t *p)
{
    size_t  length = strcspn(p->at, " ()\n");
    node_t *node   = length ? new_node(p) : NULL;
    char   *word   = node ? cc_arena_alloc(p->arena, length + 1, 1) : NULL;

    if (!word)
        return NULL;
    memcpy(word, p->at, length);
    word[length] = '\0';
    node->word   = word;
    p->at += length;
    return node;
}

/* NULL: wrong text, or no memory. What was made until then is left to the caller's mark. */
static node_t *parse_node(parser_t *p)
{
    if (*p->at != '(')
        return parse_word(p);
    p->at++;
    return parse_list(p);
}

/* On failure the arena is as it was. */
static node_t *parse_line(cc_arena_t *arena, const char *line)
{
    parser_t        p    = { arena, line };
    cc_arena_mark_t mark = cc_arena_mark(arena);
    node_t         *node = parse_node(&p);

    if (node && *p.at == '\0')
        return node;
    cc_arena_rewind(arena, mark);
    return NULL;
}

static size_t count_words(const node_t *node)
{
    size_t words = node->word != NULL;

    for (size_t i = 0; i < node->count; i++)
        words += count_words(node->items[i]);
    return words;
}

static void say(void *text)
{
    printf("%s\n", (const char *)text);
}

int main(void)
{
    static const char *const lines[]   = { "(a (b c) d)",           "(a (b", "word",
                                           "(a b c d e f g h i j)", ")",     "()" };
    static char              goodbye[] = "the tree is gone";
    cc_arena_t               arena;
    size_t                   words = 0, wrong = 0;

    cc_arena_init(&arena, cc_allocator_heap(), NULL);
    if (!cc_arena_add_cleanup(&arena, say, goodbye))
        return 1;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        size_t  before = cc_arena_stats(&arena).used;
        node_t *tree   = parse_line(&arena, lines[i]);
        words += tree ? count_words(tree) : 0;
        wrong += !tree;
        printf("%-22s %s, %zu bytes\n", lines[i], tree ? "a tree" : "wrong",
               cc_arena_stats(&arena).used - before);
    }
    cc_arena_stats_t s = cc_arena_stats(&arena);
    printf("%zu words in %zu bytes of %zu, in %zu chunk\n", words, s.used, s.reserved, s.chunks);
    cc_arena_fini(&arena);
    return words == 15 && wrong == 2 && s.chunks == 1 ? 0 : 1;
}
