// The exports that need no network, against their documentation pages.
#include "check.h"

void test_uuid();
void test_string_binding();
void test_errors();
void test_every_name();
void test_module();

int main() {
    setvbuf(stdout, nullptr, _IONBF, 0);
    test_module();
    test_uuid();
    test_string_binding();
    test_errors();
    test_every_name();
    printf("basics: %d checks, %d failures\n", g_checks, g_failures);
    return g_failures != 0;
}
