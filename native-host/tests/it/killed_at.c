// killed_at N PROGRAM [ARGUMENT...]: runs a program and kills it right before its call number N,
// from 0, that renames or removes something or makes a folder. Exits like the program, or with 99
// after the kill.
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static int changes(long call) {
    switch (call) {
    case SYS_renameat2: case SYS_renameat: case SYS_mkdirat: case SYS_unlinkat: case SYS_linkat:
#ifdef SYS_rename
    case SYS_rename: case SYS_mkdir: case SYS_rmdir: case SYS_unlink: case SYS_link:
#endif
        return 1;
    }
    return 0;
}

// Architecture-independent: the kernel tells the number of the call (Linux 5.3).
static long number(pid_t child, int *entering) {
    struct __ptrace_syscall_info info;
    ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof info, &info);
    *entering = info.op == PTRACE_SYSCALL_INFO_ENTRY;
    return *entering ? (long)info.entry.nr : -1;
}

int main(int count, char **arguments) {
    if (count < 3)
        return 125;
    int left = atoi(arguments[1]);
    pid_t child = fork();
    if (child == 0) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        execv(arguments[2], arguments + 2);
        return 126;
    }
    int status;
    waitpid(child, &status, 0);
    long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL | PTRACE_O_TRACECLONE;
    ptrace(PTRACE_SETOPTIONS, child, 0, options);
    ptrace(PTRACE_SYSCALL, child, 0, 0);
    for (;;) {
        pid_t at = waitpid(-1, &status, __WALL);
        if (at < 0)
            return 124;
        if (WIFEXITED(status) && at == child)
            return WEXITSTATUS(status);
        if (WIFSIGNALED(status) && at == child)
            return 123;
        if (!WIFSTOPPED(status))
            continue;
        int signal = WSTOPSIG(status), entering = 0;
        if (signal == (SIGTRAP | 0x80)) {
            if (changes(number(at, &entering)) && entering && left-- == 0) {
                kill(child, SIGKILL);
                waitpid(child, &status, __WALL);
                return 99;
            }
            signal = 0;
        } else if (signal == SIGTRAP || signal == SIGSTOP)
            signal = 0;
        ptrace(PTRACE_SYSCALL, at, 0, signal);
    }
}
