"""What a connection and a round trip cost, counted: the same on every machine.

Each program is run under a tool that counts, for few connections (or round trips) and for many; the difference, by their
number, is the cost of one.  A one-shot is started here as inetd would, so that inetd's own work is not in it.

  instructions      of user space (valgrind's callgrind, as an ordinary user; ours with --no-sandbox, which valgrind cannot
                    enter)
  system calls, processes made, bytes copied by system calls: strace
  page faults, context switches: perf
  packets           on the loopback interface: client, program and service together
"""

import contextlib
import glob
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

from servers import START_S, answers, free_port

FEW, MANY = 3, 13
TRIPS_FEW, TRIPS_MANY, TRIP_BYTES = 20, 120, 60
TRIES = 3
NOBODY = "nobody"
MOVING = re.compile(r"^(?:p?readv?|recv[a-z]*|p?writev?|p?write64|pread64|send(?:to|msg|mmsg))\(.* = (\d+)(?: |$)", re.M)
FORKING = re.compile(r"^(?:clone3?|v?fork)\((?!.*CLONE_THREAD).* = [1-9]\d*$", re.M)
# tlswrapper and hitch's worker leave no count behind; socat makes a hundred times as many instructions under valgrind.
NOT_BY_VALGRIND = ("tlswrapper", "hitch", "socat")
# The second connection and all later ones resume, where the name says so.
RESUMED = ", resumed"
ONE_SHOTS = ("inetls one-shot", "stunnel inetd", "tlswrapper", "plain relay")


def is_root():
    return os.getuid() == 0


class OneShots:
    """Starts a command for each connection to a port, as inetd does.  The first `spare` of them are not counted, but are
    the same user's."""

    def __init__(self, argv, before, spare):
        self.argv, self.before, self.spare, self.processes = argv, before, spare, []
        self.user = before[:before.index("valgrind")] if "valgrind" in before else []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        with contextlib.suppress(OSError):  # closed
            for number in range(10**6):
                connection, _ = self.listener.accept()
                before = self.before if number >= self.spare else self.user
                with connection:
                    self.processes.append(subprocess.Popen([*before, *self.argv], stdin=connection, stdout=connection,
                                                           stderr=subprocess.DEVNULL, start_new_session=True))

    def end(self):
        for process in self.processes:
            process.wait(60)
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.listener.close()


class Daemon:
    """A command that listens itself, perhaps below the tool that counts; it is ended by a signal to itself."""

    def __init__(self, argv, before, port, stdin=None):
        self.port = port
        self.process = subprocess.Popen([*before, *argv], stdin=stdin or subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, start_new_session=True)
        until = time.monotonic() + 6 * START_S
        while stdin is None and not answers(port):
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{argv[0]}: did not come to listen on port {port}")
            time.sleep(0.1)
        time.sleep(1)

    def end(self):
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="utf-8") as file:
            below = file.read().split()
        with open(f"/proc/{self.process.pid}/comm", encoding="utf-8") as file:
            traced = file.read().strip() in ("strace", "perf")
        os.kill(int(below[0]) if traced else self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


class Costs:
    def __init__(self, servers, program_of):
        self.servers, self.d, self.program_of = servers, servers.d, program_of
        self.files = self.d.file("counts")
        os.mkdir(self.files, 0o700)
        self.pem = shutil.copy(self.d.pem, self.d.file("nobody.pem"))
        if is_root():
            for path in (self.files, self.pem):
                os.chown(path, pwd.getpwnam(NOBODY).pw_uid, -1)

    # ---- the programs: start(before, spare, ordinary) gives a OneShots or a Daemon

    def ours(self, name, ordinary):
        words = ["-p", self.pem if ordinary else self.d.pem, *self.servers.ours[2:4], "-o", "/dev/null",
                 "--handshake-timeout", "100s", "--connect-timeout", "100s"]
        if name.endswith(RESUMED):
            words += ["--tickets", os.path.join(self.files if ordinary else self.d.path, "tickets")]
        return [self.d.wrap, *words, *(["--no-sandbox"] if ordinary else [])]

    def start(self, name, before, spare, ordinary):
        plain_name = name.removesuffix(RESUMED)
        if plain_name == "inetls one-shot":
            return OneShots(self.ours(name, ordinary), before, spare)
        if plain_name == "stunnel inetd":
            conf = self.servers.stunnel_conf("stunnel.counted", pem=self.pem if ordinary else None)
            return OneShots([self.program_of("stunnel4"), conf], before, spare)
        if plain_name == "tlswrapper":
            return OneShots([self.program_of("tlswrapper"), *self.servers.tlswrapper_words()], before, spare)
        if plain_name == "plain relay":
            return OneShots([self.d.file("floor"), str(self.servers.backend)], before, spare)
        if plain_name == "inetls -d":
            port = free_port()
            return Daemon([*self.ours(name, ordinary), "-f", "-d", f"127.0.0.1:{port}"], before, port)
        if plain_name == "inetls wait":
            with socket.create_server(("127.0.0.1", 0), backlog=100) as listener:
                return Daemon(self.ours(name, ordinary), before, listener.getsockname()[1], stdin=listener)
        # A peer reads its key as root, also under valgrind.
        return self.start_peer(plain_name, before[before.index("valgrind"):] if "valgrind" in before else before)

    def start_peer(self, name, before):
        """The command that Servers would run, with the counting tool before it."""
        found = {}

        def catch(process, port, exe):
            found["server"] = port
            return process

        class Catcher:
            """Stands in for the directory: it notes the command and starts nothing."""

            def __init__(self, directory):
                self.directory = directory

            def __getattr__(self, what):
                return getattr(self.directory, what)

            def start(self, *argv, **_):
                found["argv"] = list(argv)

        servers = self.servers.__class__(Catcher(self.d), self.servers.backend)
        servers.ready = catch
        getattr(servers, {"stunnel daemon": "stunnel_daemon"}.get(name, name))()
        return Daemon(found["argv"], before, found["server"])

    # ---- the tools

    def clean(self):
        for old in glob.glob(os.path.join(self.files, "of*")):
            os.unlink(old)

    def read(self, kind=""):
        for path in sorted(glob.glob(os.path.join(self.files, "of*" + kind))):
            with open(path, encoding="utf-8", errors="replace") as file:
                yield file.read()

    def strace(self):
        calls = processes = copied = 0
        for text in self.read():
            calls += len(re.findall(r"^[a-z_0-9]+\(", text, re.M))
            processes += len(FORKING.findall(text))
            copied += sum(map(int, MOVING.findall(text)))
        return {"system calls": calls, "processes": processes, "bytes copied": copied}

    def perf(self):
        found = {"page faults": 0, "switches": 0}
        for text in self.read():
            for value, event in re.findall(r"^(\d+),,(minor-faults|context-switches)", text, re.M):
                found["page faults" if event == "minor-faults" else "switches"] += int(value)
        return found

    def callgrind(self):
        return {"instructions": sum(int(n) for text in self.read() for n in re.findall(r"^totals: (\d+)", text, re.M))}

    def tools(self):
        path = os.path.join(self.files, "of")
        ordinary = [shutil.which("setpriv"), "--reuid", NOBODY, "--regid", "nogroup", "--clear-groups"] if is_root() else []
        numbered = os.path.join(self.files, "of.%p")
        return [("strace", ["strace", "-ff", "-qq", "-s", "0", "-o", path], self.strace),
                ("perf", ["perf", "stat", "-x,", "-o", path, "--append", "-e", "minor-faults,context-switches"], self.perf),
                ("valgrind", [*ordinary, "valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={numbered}"],
                 self.callgrind)]

    # ---- counting

    def total(self, name, tool, what, spare):
        """What the tool counts while the client does that."""
        program, before, result = tool
        for left in reversed(range(TRIES)):
            self.clean()
            server = self.start(name, before, spare, program == "valgrind")
            try:
                self.d.connect(server.port, *what)
            except subprocess.CalledProcessError:
                # Of some thousand calls of ppoll under valgrind one fails with EFAULT.
                if left == 0:
                    raise
                continue
            finally:
                time.sleep(0.5)
                server.end()
            return result()
        return None

    def packets(self, name, few, many, each):
        server = self.start(name, [], 0, False)
        counts = []
        try:
            for what in (few, few, many):
                began = packets_on_loopback()
                self.d.connect(server.port, *what)
                time.sleep(1)
                counts.append(packets_on_loopback() - began)
        finally:
            server.end()
        return (counts[2] - counts[1]) / each

    def of(self, name, few, many, each, spare):
        """column: the cost of one, where few and many are what the client does, and differ by `each`."""
        found = {}
        jobs = [("packets", None), *((tool[0], tool) for tool in self.tools() if shutil.which(tool[0]) is not None)]
        if name.removesuffix(RESUMED) in NOT_BY_VALGRIND:
            jobs = [job for job in jobs if job[0] != "valgrind"]
        for what, tool in jobs:
            try:
                if tool is None:
                    found["packets"] = self.packets(name, few, many, each)
                    continue
                less, more = (self.total(name, tool, does, spare) for does in (few, many))
                found.update({column: (more[column] - less[column]) / each for column in more})
            except (RuntimeError, subprocess.SubprocessError, OSError) as why:
                print(f"  not counted: {name}, {what}: {why}")
        return found

    def connection(self, name):
        words = ["resume"] if name.endswith(RESUMED) else ["plain"] if name == "plain relay" else []
        # The client's first connection gets the ticket, or warms up.
        found = self.of(name, ("latency", FEW, *words), ("latency", MANY, *words), MANY - FEW, 1)
        if name.removesuffix(RESUMED) in ONE_SHOTS and "processes" in found:
            found["processes"] += 1  # which the super-server has made
        return found

    def trip(self, name):
        words = ["plain"] if name == "plain relay" else []
        few, many = (("trips", n, TRIP_BYTES, *words) for n in (TRIPS_FEW, TRIPS_MANY))
        return self.of(name, few, many, TRIPS_MANY - TRIPS_FEW, 0)


def packets_on_loopback():
    with open("/proc/net/dev", encoding="utf-8") as file:
        return int(re.search(r"^ *lo: *\d+ +(\d+)", file.read(), re.M).group(1))
