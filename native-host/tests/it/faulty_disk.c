/* Loaded before the C library (LD_PRELOAD): as long as the file HANGS is there, the disk does not
 * answer whoever waits for it; as long as the file SLOW is there, it takes a tenth of a second. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

static void wait_for_the_disk(void)
{
    const char *slow = getenv("SLOW");
    if (slow && access(slow, F_OK) == 0)
        usleep(100000);
    const char *hangs = getenv("HANGS");
    while (hangs && access(hangs, F_OK) == 0)
        usleep(10000);
}

int fsync(int file)
{
    int (*real)(int) = dlsym(RTLD_NEXT, "fsync");
    wait_for_the_disk();
    return real(file);
}

int fdatasync(int file)
{
    int (*real)(int) = dlsym(RTLD_NEXT, "fdatasync");
    wait_for_the_disk();
    return real(file);
}
