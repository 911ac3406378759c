/* Loaded before the C library (LD_PRELOAD): as long as the file HANGS is there, the disk does not
 * answer whoever waits for it; as long as the file SLOW is there, it takes a tenth of a second. It
 * never confirms what is in the folder FAILS. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int fails(int file)
{
    const char *folder = getenv("FAILS");
    struct stat one, other;
    return folder && fstat(file, &one) == 0 && stat(folder, &other) == 0
        && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

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
    if (fails(file)) {
        errno = EIO;
        return -1;
    }
    return real(file);
}

int fdatasync(int file)
{
    int (*real)(int) = dlsym(RTLD_NEXT, "fdatasync");
    wait_for_the_disk();
    return real(file);
}
