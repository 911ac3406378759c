/* Gives a program a wrong clock.
 *
 * It is loaded before the C library (LD_PRELOAD). Its file names how many seconds the clock of the
 * computer is ahead; it is read once, at the start. What measures time is left alone.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static long long ahead;

__attribute__((constructor)) static void read_it(void)
{
    const char *name = getenv("WRONG_CLOCK");
    FILE *file = name ? fopen(name, "r") : NULL;
    if (file != NULL && fscanf(file, "%lld", &ahead) != 1)
        ahead = 0;
    if (file != NULL)
        fclose(file);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(clock, now);
    if (result == 0 && clock == CLOCK_REALTIME)
        now->tv_sec += ahead;
    return result;
}
