/* Causes a real panic in a program that has no way to cause one itself.
 *
 * It is loaded before the C library (LD_PRELOAD) and watches the bytes that the program reads from
 * sockets. When a thread has read MARK, its next call to read the clock fails, once; Rust's
 * standard library then panics. The relay reads the clock when it sets the deadline for Tor's
 * answer. This happens in the task of the connection that asked for the name with the mark.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static const char MARK[] = "canarybird-panic";
static __thread int broken;

/* Children inherit the environment, and Tor reads the same host names. */
static int is_the_program(void)
{
    return strcmp(program_invocation_short_name, "onionmeter") == 0;
}

ssize_t recv(int socket, void *buffer, size_t size, int flags)
{
    ssize_t (*real)(int, void *, size_t, int) = dlsym(RTLD_NEXT, "recv");
    ssize_t got = real(socket, buffer, size, flags);
    if (got > 0 && is_the_program() && memmem(buffer, got, MARK, sizeof MARK - 1) != NULL)
        broken = 1;
    return got;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
    if (broken && clock == CLOCK_MONOTONIC) {
        broken = 0;
        errno = EINVAL;
        return -1;
    }
    return real(clock, now);
}
