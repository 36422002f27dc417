/* The same cases, compiled as C and as C++. */
#ifndef CASES_H
#define CASES_H
#ifdef __cplusplus
extern "C" {
#endif
void check(int ok, const char *file, int line, const char *what);
#define CHECK(x) check((x) != 0, __FILE__, __LINE__, #x)
#define CHECK_TRACE(text) check(!strcmp(trace, text), __FILE__, __LINE__, trace)
extern char trace[64];
void add(char c);
void clear(void);
void run_c(void);
void run_cpp(void);
void c_guard_around(void (*f)(void)); /* a C function's guard around f; adds 'C' to the trace when it catches */
void cpp_guard_around(void (*f)(void));
#ifdef __cplusplus
}
#endif
#endif
