r"""Runs a program at a terminal of its own, and answers each question when it is asked.

    python3 terminal.py ANSWER[,ANSWER...] PROGRAM [ARGUMENT...]

Prints what the screen showed; the exit status is that of the program. A question ends with ": ". If
the terminal shows what is typed while a question waits, it says so and exits with 99. The answer ^C
is that key, and ^\\ the one beside it; a program that a signal ends has the status 128 and its
number, and if the terminal then still hides what is typed, it says so and exits with 98.
"""

import os
import pty
import sys
import termios

KEYS = {"^C": b"\x03", "^\\": b"\x1c"}

answers = sys.argv[1].split(",")
child, terminal = pty.fork()
if child == 0:
    os.execvp(sys.argv[2], sys.argv[2:])

screen = b""
while True:
    try:
        more = os.read(terminal, 4096)
    except OSError:
        break
    if not more:
        break
    screen += more
    if answers and screen.endswith(b": "):
        # The program hides what is typed before or after it asks.
        for _ in range(500):
            if not termios.tcgetattr(terminal)[3] & termios.ECHO:
                break
            os.sched_yield()
            os.system("sleep 0.01")
        else:
            print("the terminal shows what is typed")
            sys.exit(99)
        answer = answers.pop(0)
        os.write(terminal, KEYS.get(answer) or answer.encode() + b"\n")

sys.stdout.buffer.write(screen)
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
if not termios.tcgetattr(terminal)[3] & termios.ECHO:
    print("the terminal still hides what is typed")
    sys.exit(98)
sys.exit(status if status >= 0 else 128 - status)
