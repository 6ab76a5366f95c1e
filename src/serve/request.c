/* SPDX-License-Identifier: MIT */
/* request.c - see serve/request.h. Sections are those of RFC 9112, where no other is named. */
#include "serve/request.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

/* ---- texts ---- */

bool cci_text_is(cci_text_t text, const char *other)
{
    return text.n == strlen(other) && memcmp(text.at, other, text.n) == 0;
}

static bool is_named(cci_text_t text, const char *other)
{
    return text.n == strlen(other) && strncasecmp(text.at, other, text.n) == 0;
}

static bool begins(cci_text_t text, const char *with)
{
    size_t n = strlen(with);
    return text.n >= n && strncasecmp(text.at, with, n) == 0;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

static cci_text_t trimmed(cci_text_t t)
{
    while (t.n && is_space(t.at[t.n - 1]))
        t.n--;
    for (; t.n && is_space(t.at[0]); t.n--)
        t.at++;
    return t;
}

static cci_text_t behind(cci_text_t t, size_t n)
{
    return (cci_text_t){ t.at + n, t.n - n };
}

/* What stands before the separator; it and that are taken off *rest. */
static cci_text_t take_until(cci_text_t *rest, char separator)
{
    const char *end  = rest->n ? memchr(rest->at, separator, rest->n) : NULL;
    size_t      n    = end ? (size_t)(end - rest->at) : rest->n;
    size_t      gone = end ? n + 1 : n;
    cci_text_t  part = { rest->at, n };

    rest->at = gone ? rest->at + gone : rest->at;
    rest->n -= gone;
    return part;
}

/* RFC 9110, 5.6.2. */
static bool is_token(cci_text_t t)
{
    static const char SIGNS[] = "!#$%&'*+-.^_`|~";

    for (size_t i = 0; i < t.n; i++) {
        char c = t.at[i], lower = (char)(c | 0x20);
        if (!(lower >= 'a' && lower <= 'z') && !(c >= '0' && c <= '9') && !(c && strchr(SIGNS, c)))
            return false;
    }
    return t.n > 0;
}

/* No control characters, which end lines in some readers' eyes (2.2). */
static bool is_printable(cci_text_t t)
{
    for (size_t i = 0; i < t.n; i++)
        if ((unsigned char)t.at[i] < ' ' || t.at[i] == 0x7f)
            return false;
    return true;
}

/* The same with tabs. */
static bool is_value(cci_text_t t)
{
    for (cci_text_t part; t.n;) {
        part = take_until(&t, '\t');
        if (!is_printable(part))
            return false;
    }
    return true;
}

/* ---- the first line ---- */

/* "http://host/path" is "/path" of that host (3.2.2). */
static bool read_target(cci_request_t *r, cci_text_t target)
{
    static const char SCHEME[] = "http://";

    if (begins(target, SCHEME)) {
        cci_text_t rest = target = behind(target, sizeof SCHEME - 1);
        r->host                  = take_until(&rest, '/');
        target                   = behind(target, r->host.n);
    }
    r->path = take_until(&target, '?');
    return r->path.n > 0 && r->path.at[0] == '/';
}

static int read_version(cci_request_t *r, cci_text_t version)
{
    if (version.n != 8 || !begins(version, "HTTP/") || version.at[6] != '.')
        return 400;
    if (version.at[5] != '1')
        return 505;
    r->old = r->close = version.at[7] == '0';
    return 0;
}

/* 0 or a status. */
static int read_first_line(cci_request_t *r, cci_text_t line)
{
    cci_text_t rest    = line;
    cci_text_t method  = take_until(&rest, ' ');
    cci_text_t target  = take_until(&rest, ' ');
    cci_text_t version = rest;
    int        status  = read_version(r, version);

    if (!is_token(method) || !is_printable(line))
        return 400;
    if (status)
        return status;
    if (!read_target(r, target))
        return 400;
    r->head = cci_text_is(method, "HEAD");
    return r->head || cci_text_is(method, "GET") ? 0 : 405;
}

/* ---- the fields ---- */

static void read_connection(cci_request_t *r, cci_text_t value)
{
    while (value.n)
        if (is_named(trimmed(take_until(&value, ',')), "close"))
            r->close = true;
}

/* A host of the target goes before that of the field, but there is a field, and one (3.2). */
static bool read_host(cci_request_t *r, cci_text_t value, bool *seen)
{
    if (*seen)
        return false;
    *seen = true;
    if (!r->host.n)
        r->host = value;
    return true;
}

/* 0 or a status. */
static int read_field(cci_request_t *r, cci_text_t line, bool *host_seen)
{
    cci_text_t value = line;
    cci_text_t name  = take_until(&value, ':');

    /* A space before the colon, a folded line, or none of it: 5.1, 5.2. */
    if (name.n == line.n || !is_token(name) || !is_value(value))
        return 400;
    value = trimmed(value);
    if (is_named(name, "host"))
        return read_host(r, value, host_seen) ? 0 : 400;
    if (is_named(name, "accept"))
        r->accept = value;
    else if (is_named(name, "connection"))
        read_connection(r, value);
    else if (is_named(name, "transfer-encoding") ||
             (is_named(name, "content-length") && !cci_text_is(value, "0")))
        return 400; /* a body: there is nothing to be given to us */
    return 0;
}

/* Without its line end, of which the CR may lack (2.2). */
static cci_text_t take_line(cci_text_t *rest)
{
    cci_text_t line = take_until(rest, '\n');

    if (line.n && line.at[line.n - 1] == '\r')
        line.n--;
    return line;
}

/* 0 or a status. head: all up to the empty line. */
static int read_head(cci_request_t *r, cci_text_t head)
{
    bool       host_seen = false;
    cci_text_t first     = take_line(&head);
    int        status    = first.n < CCI_REQUEST_LINE_MAX ? read_first_line(r, first) : 414;

    for (cci_text_t line = take_line(&head); line.n; line = take_line(&head)) {
        int flaw = read_field(r, line, &host_seen);
        if (status == 0 || flaw == 400)
            status = flaw ? flaw : status;
    }
    return status == 0 && !host_seen && !r->old ? 400 : status;
}

/* ---- the request ---- */

/* One behind the empty line that ends the head, 0: there is none. begin: where the head does. */
static size_t find_end(const char *bytes, size_t begin, size_t n)
{
    const char *at = bytes + begin, *end = bytes + n, *newline;

    while (at < end && (newline = memchr(at, '\n', (size_t)(end - at)))) {
        at = newline + 1;
        if (at < end && *at == '\n')
            return (size_t)(at - bytes) + 1;
        if (at + 1 < end && at[0] == '\r' && at[1] == '\n')
            return (size_t)(at - bytes) + 2;
    }
    return 0;
}

/* Refuse it, and what comes after it: where that would begin is not known. */
static size_t refuse(cci_request_t *r, int status, size_t n)
{
    r->status = status;
    r->close  = true;
    return n;
}

/* It is not all there; can it become a request? 0 or a status. */
static int flaw_of_part(const char *bytes, size_t begin, size_t n)
{
    const char *newline = n > begin ? memchr(bytes + begin, '\n', n - begin) : NULL;

    if (n > begin && !is_token((cci_text_t){ bytes + begin, 1 }))
        return 400; /* as TLS begins */
    if (!newline && n - begin >= CCI_REQUEST_LINE_MAX)
        return 414;
    return n >= CCI_REQUEST_MAX ? 431 : 0;
}

size_t cci_request_read(cci_request_t *out, const char *bytes, size_t n)
{
    size_t begin = 0;

    *out = (cci_request_t){ 0 };
    while (begin < n && (bytes[begin] == '\r' || bytes[begin] == '\n'))
        begin++; /* empty lines before it (2.2) */
    size_t end = find_end(bytes, begin, n);
    if (end == 0) {
        int flaw = flaw_of_part(bytes, begin, n);
        return flaw ? refuse(out, flaw, n) : 0;
    }
    if (end > CCI_REQUEST_MAX)
        return refuse(out, 431, n);
    int status = read_head(out, (cci_text_t){ bytes + begin, end - begin });
    return status ? refuse(out, status, end) : end;
}

/* ---- what fields mean ---- */

/* "0.25" in thousandths (RFC 9110, 12.4.2); 0 where it is no weight. */
static unsigned weight_of(cci_text_t t)
{
    unsigned value = 0, unit = 1000;

    for (size_t i = 0; i < t.n && i < 5; i++) {
        if (i == 1 ? t.at[i] != '.' : t.at[i] < '0' || t.at[i] > '9')
            return 0;
        if (i != 1) {
            value += (unsigned)(t.at[i] - '0') * unit;
            unit /= 10;
        }
    }
    return t.n && value <= 1000 ? value : 0;
}

/* How much one part of an Accept field wants the type, and how exactly it names it: 0 not at all,
 * then all types, those of its kind, it. */
static unsigned part_wants(cci_text_t part, const char *type, unsigned *exactness)
{
    cci_text_t name   = trimmed(take_until(&part, ';'));
    unsigned   weight = 1000;

    while (part.n) {
        cci_text_t parameter = trimmed(take_until(&part, ';'));
        if (begins(parameter, "q="))
            weight = weight_of((cci_text_t){ parameter.at + 2, parameter.n - 2 });
    }
    bool kind = name.n > 2 && name.at[name.n - 1] == '*' && name.at[name.n - 2] == '/' &&
                strncasecmp(name.at, type, name.n - 1) == 0;
    *exactness = is_named(name, type) ? 3 : kind ? 2 : cci_text_is(name, "*/*") ? 1 : 0;
    return weight;
}

/* The most exact part counts, of those the one that wants it most. */
static unsigned wants(cci_text_t accept, const char *type)
{
    unsigned best = 0, best_exactness = 0;

    while (accept.n) {
        unsigned exactness, weight = part_wants(take_until(&accept, ','), type, &exactness);
        if (exactness &&
            (exactness > best_exactness || (exactness == best_exactness && weight > best))) {
            best           = weight;
            best_exactness = exactness;
        }
    }
    return best;
}

bool cci_accept_prefers(cci_text_t accept, const char *type, const char *other)
{
    return wants(accept, type) > wants(accept, other);
}

/* ":9464", or none. */
static bool is_port(cci_text_t t)
{
    for (size_t i = 1; i < t.n; i++)
        if (t.at[i] < '0' || t.at[i] > '9')
            return false;
    return t.n == 0 || t.at[0] == ':';
}

static bool is_loopback_number(cci_text_t t)
{
    char           number[INET_ADDRSTRLEN];
    struct in_addr address;

    if (t.n >= sizeof number)
        return false;
    memcpy(number, t.at, t.n);
    number[t.n] = '\0';
    return inet_pton(AF_INET, number, &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
}

bool cci_host_is_loopback(cci_text_t host)
{
    static const char V6[] = "[::1]";

    if (begins(host, V6))
        return is_port(behind(host, sizeof V6 - 1));
    cci_text_t rest = host;
    cci_text_t name = take_until(&rest, ':');
    return name.n && is_port(behind(host, name.n)) &&
           (is_named(name, "localhost") || is_loopback_number(name));
}
