/* A DLL with client stubs of its own, which has its preferred address. */
#include <stdlib.h>

#include "plugin_c.c" /* whose descriptions are its own */

void* __RPC_USER MIDL_user_allocate(size_t size) { return malloc(size); }
void __RPC_USER MIDL_user_free(void* memory) { free(memory); }

#define COUNT 40

/* Where the record's description is, in the format string. */
__declspec(dllexport) const unsigned char* description(void) { return &__MIDL_TypeFormatString.Format[2]; }

static void fill(Record* r, int i) {
    r->a = 100 + i;
    r->c = (short)-i;
    if (i % 3) *(r->p = malloc(sizeof *r->p)) = 1000 + i;
}

static int same(const Record* r, const Record* s) {
    if (r->a != s->a || r->c != s->c) return 0;
    return r->p && s->p ? *r->p == *s->p : r->p == s->p;
}

/* Whether records come back as they went. The memory is let go with the process. */
__declspec(dllexport) int call(handle_t h) {
    Record* records = calloc(COUNT, sizeof *records);
    Record* expected = calloc(COUNT, sizeof *expected);
    int i, good;
    for (i = 0; i < COUNT; ++i) fill(&records[i], i), fill(&expected[i], i);
    good = Echo(h, COUNT, records) == COUNT;
    for (i = 0; i < COUNT; ++i) good = good && same(&records[i], &expected[i]);
    return good;
}
