/* A DLL with client stubs of its own, which has its preferred address. */
#include <stdlib.h>
#include <string.h>

#include "plugin.h"

void* __RPC_USER MIDL_user_allocate(size_t size) { return malloc(size); }
void __RPC_USER MIDL_user_free(void* memory) { free(memory); }

#define COUNT 40

__declspec(dllexport) const void* description(void) { return plugin_v1_0_c_ifspec; }

static void fill(Record* r, int i) {
    r->a = 100 + i;
    r->c = (short)-i;
#ifdef FIRST
    if (i % 3) *(r->p = malloc(sizeof *r->p)) = 1000 + i;
#else
    if (i % 3) memset(r->s = calloc(1, (size_t)i + 1), 'a' + i % 26, (size_t)i);
#endif
}

static int same(const Record* r, const Record* s) {
    if (r->a != s->a || r->c != s->c) return 0;
#ifdef FIRST
    return r->p && s->p ? *r->p == *s->p : r->p == s->p;
#else
    return r->s && s->s ? strcmp(r->s, s->s) == 0 : r->s == s->s;
#endif
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
