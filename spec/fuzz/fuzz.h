/*
 * What all fuzz targets share: the entry points of libFuzzer, a check that reports and ends the
 * process, and comparison with answers of a Python process.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include "../../csrc/core/header.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Called by libFuzzer for each input. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Called by libFuzzer once. Returns 0. */
int LLVMFuzzerInitialize(const int *argc, char ***argv);

/* Ends the process with a report unless 'ok'; libFuzzer then keeps the input. */
void fuzz_require(bool ok, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Returns memory for n bytes, to be freed; without any it ends the process. */
void *fuzz_allocate(size_t n) __attribute__((returns_nonnull));

/*
 * Starts the Python process that runs spec/fuzz/oracle.py with this name, and ends it at exit.
 * Ends this process when that is impossible.
 */
void oracle_start(const char *name);

/*
 * Adds one question to the batch: the fuzz input, and the fields that function 'name' of oracle.py
 * takes. A full batch is sent, and the verdict on the batch before is awaited. If a field is wrong,
 * Python reports it and writes the input to a file, and this process ends.
 */
void oracle_ask(struct ddb_slice input, const struct ddb_slice *fields, size_t count);

#endif
