/* Header fields and the text in them; private to the http1 room. */
#ifndef DDB_HTTP1_FIELD_H
#define DDB_HTTP1_FIELD_H

#include "http1.h"

/* The lower-case form of every character that a token may have, 0 for others (RFC 9110 5.6.2). */
extern const char ddb_http1_token[256];

/* Returns true when 'text' is the token 'lower', given in lower case, in any mix of cases. */
bool ddb_http1_same(struct ddb_slice text, const char *lower);

/* Returns 's' without the blanks around it; borrows from it (RFC 9110 section 5.6.3). */
struct ddb_slice ddb_http1_trimmed(struct ddb_slice s);

/*
 * Parses 1*DIGIT (RFC 9110 section 8.6). DDB_INVALID if there is anything else, or nothing;
 * DDB_TOOBIG if the number does not fit. It sets no text: the caller knows what the number means.
 */
enum ddb_status ddb_http1_decimal(struct ddb_slice s, size_t *value) DDB_CHECKED;

/* As ddb_http1_header, but among the lines received so far. */
bool ddb_http1_find(const struct ddb_http1 *h, const char *lower_name, struct ddb_slice *value);

/*
 * Parses the line at the end of 'head', of 'length' bytes without its CRLF, as a field (RFC 9112
 * section 5). A header is kept and has its effect; a trailer is checked by the same rules and
 * dropped. DDB_INVALID, or DDB_TOOBIG if there are too many.
 */
enum ddb_status ddb_http1_field_line(struct ddb_http1 *h, size_t length,
                                     struct ddb_error *e) DDB_CHECKED;

#endif
