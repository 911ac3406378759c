// Starts a program that the kernel tells what a file system without hard links says (CryFS and
// others): no links, and no rename that replaces nothing. With seccomp, so that it holds for every
// way of asking.
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define SAY(what) BPF_STMT(BPF_RET | BPF_K, (what))
#define UNLESS(number, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, (skip))

int main(int count, char **arguments) {
    struct sock_filter rules[] = {
        LOAD(nr),
#ifdef SYS_link
        UNLESS(SYS_link, 1), SAY(SECCOMP_RET_ERRNO | EPERM),
#endif
        UNLESS(SYS_linkat, 1), SAY(SECCOMP_RET_ERRNO | EPERM),
        UNLESS(SYS_renameat2, 3),
        LOAD(args[4]),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0), SAY(SECCOMP_RET_ERRNO | EINVAL),
        SAY(SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof rules / sizeof *rules, rules};
    if (count < 2 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
        || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        return 125;
    execv(arguments[1], arguments + 1);
    return 126;
}
