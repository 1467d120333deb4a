"""The programs that bench/compare measures, each behind a port of 127.0.0.1 in front of the same service."""

import contextlib
import os
import pwd
import re
import shutil
import socket
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"))
SHARED = os.path.join(ROOT, "build-shared")
INETD = os.path.join(ROOT, "build/superservers/openbsd-inetd/usr/sbin/inetd")
USER = pwd.getpwuid(os.getuid()).pw_name
UNPACKED = os.path.join(ROOT, "build/superservers")
START_S = 10


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def program_of(name):
    """The path of a program that is installed, or unpacked by tests/deps; None where it is neither."""
    unpacked = os.path.join(UNPACKED, name, "usr/sbin", name)
    return shutil.which(name) or (unpacked if os.path.exists(unpacked) else None)


def cpu_seconds(pid):
    """Of a process, its children that were waited for, and those that are still there."""
    total = 0
    children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], stdout=subprocess.PIPE, check=False).stdout
    for each in [str(pid), *children.decode().split()]:
        with contextlib.suppress(OSError):
            with open(f"/proc/{each}/stat", encoding="utf-8") as file:
                fields = file.read().rpartition(")")[2].split()
            total += sum(map(int, fields[11:15]))
    return total / os.sysconf("SC_CLK_TCK")


def answers(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


class Directory:
    """A temporary directory with a copy of the programs, a PEM and the client; ends what was started in it."""

    def __init__(self):
        self.stack = contextlib.ExitStack()
        self.path = self.stack.enter_context(tempfile.TemporaryDirectory(prefix="inetls-bench.", ignore_cleanup_errors=True))
        os.chmod(self.path, 0o711)
        self.wrap = shutil.copy(os.path.join(BUILD, "inetls-wrap"), self.path)
        shared = os.path.join(SHARED, "inetls-wrap")
        self.wrap_shared = shutil.copy(shared, self.file("inetls-shared")) if os.path.exists(shared) else None
        self.other = shutil.copy(os.path.join(os.environ["ANOTHER"], "inetls-wrap"), self.file("another")) \
            if "ANOTHER" in os.environ else None
        for name, libraries in (("connect", ["-lssl", "-lcrypto", "-lpthread"]), ("floor", ["-static"]),
                                ("service", ["-lpthread"]), ("prices", ["-static"])):
            subprocess.run(["gcc", "-O2", "-D_GNU_SOURCE", "-o", self.file(name), f"{ROOT}/bench/{name}.c",
                            *libraries], check=True)
        self.pem, self.crt = self.file("b.pem"), self.file("b.crt")
        subprocess.run([os.path.join(BUILD, "inetls-certgen"), "--quiet", self.pem, "localhost"],
                       stdin=subprocess.DEVNULL, check=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stack.close()

    def file(self, name):
        return os.path.join(self.path, name)

    def write(self, name, *lines):
        with open(self.file(name), "w", encoding="utf-8") as file:
            file.writelines(line + "\n" for line in lines)
        return self.file(name)

    def start(self, *argv, **more):
        """In a session of its own, as every daemon is, and what a super-server starts: the scheduler gives each session its
        share (autogroup), and a server in the client's would have another one."""
        process = subprocess.Popen(argv, cwd=self.path, stderr=subprocess.DEVNULL, start_new_session=True,
                                   **more)
        self.stack.callback(self.stop, process)
        return process

    @staticmethod
    def stop(process):
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def start_service(self):
        """Its port."""
        service = self.start(self.file("service"), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        return int(service.stdout.readline())

    def connect(self, port, *what):
        """What bench/connect prints, as a list of words."""
        return subprocess.run([self.file("connect"), self.crt, str(port), *map(str, what)], check=True,
                              stdout=subprocess.PIPE, timeout=600).stdout.decode().split()


class Server:
    """One program in one mode: the process at its head, its port, and by what its processes are known."""

    def __init__(self, process, port, exe):
        self.process, self.port, self.exe = process, port, exe


class Servers:
    """Makes them, for a backend port; pgsql: as PostgreSQL's clients ask for TLS."""

    def __init__(self, directory, backend, pgsql=False):
        self.d, self.backend, self.port = directory, backend, 0
        self.under = []  # the words before a daemon's own: what counts it
        self.ours = ["-p", directory.pem, "-r", f"127.0.0.1:{backend}", "-o", directory.file("wrap.log"),
                     *(["-n", "pgsql"] if pgsql else [])]
        self.stunnel_protocol = ["protocol = pgsql"] if pgsql else []
        self.alpn = "postgresql" if pgsql else None  # what direct TLS of libpq 17 asks for

    def ready(self, process, port, exe):
        until = time.monotonic() + START_S
        while not answers(port):
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{exe}: did not come to listen on port {port}")
            time.sleep(0.05)
        time.sleep(0.3)
        return Server(process, port, exe)

    def inetd(self, program, *argv, wait="nowait"):
        port = free_port()
        conf = self.d.write(f"inetd.{port}", " ".join([f"127.0.0.1:{port} stream tcp {wait}.60000 {USER}", program,
                                                       os.path.basename(program), *argv]))
        return self.ready(self.d.start(INETD, "-i", conf), port, program)

    def one_shot(self, *more):
        return self.inetd(self.d.wrap, *self.ours, *more)

    def resumed(self):
        return self.one_shot("--tickets", self.d.file("tickets"))

    def bare(self):
        return self.one_shot("--no-keyholder")

    def shared(self):
        return self.inetd(self.d.wrap_shared, *self.ours)

    def shared_resumed(self):
        return self.inetd(self.d.wrap_shared, *self.ours, "--tickets", self.d.file("tickets"))

    def other_one_shot(self):
        return self.inetd(self.d.other, *self.ours)

    def other_resumed(self):
        return self.inetd(self.d.other, *self.ours, "--tickets", self.d.file("tickets.another"))

    def other_wait(self):
        return self.inetd(self.d.other, *self.ours, wait="wait")

    def other_daemon(self):
        port = free_port()
        return self.ready(self.d.start(self.d.other, "-f", "-d", f"127.0.0.1:{port}", *self.ours), port, self.d.other)

    def wait(self):
        return self.inetd(self.d.wrap, *self.ours, wait="wait")

    def daemon(self):
        port = free_port()
        return self.ready(self.d.start(*self.under, self.d.wrap, "-f", "-d", f"127.0.0.1:{port}", *self.ours), port,
                          self.d.wrap)

    def plain(self):
        return self.inetd(self.d.file("floor"), str(self.backend))

    def stunnel_conf(self, name, *only, pem=None):
        return self.d.write(name, "syslog = no", "output = /dev/null", "debug = err",
                            f"cert = {pem or self.d.pem}", *only, f"connect = 127.0.0.1:{self.backend}",
                            *self.stunnel_protocol)

    def stunnel_inetd(self):
        return self.inetd(shutil.which("stunnel4"), self.stunnel_conf("stunnel.inetd"))

    def stunnel_daemon(self):
        conf = self.stunnel_conf(f"stunnel.{self.new_port()}", "foreground = yes", "pid =", "[service]",
                                 f"accept = 127.0.0.1:{self.port}")
        return self.listen("stunnel4", conf)

    def listen(self, program, *argv, **more):
        """A daemon whose configuration names the port that new_port gave last."""
        program = shutil.which(program)
        return self.ready(self.d.start(*self.under, program, *argv, stdout=subprocess.DEVNULL, **more), self.port, program)

    def new_port(self):
        self.port = free_port()
        return self.port

    def hitch(self):
        both = self.d.write("hitch.pem", open(self.d.pem, encoding="utf-8").read())
        conf = self.d.write(f"hitch.{self.new_port()}", f'frontend = "[127.0.0.1]:{self.port}"',
                            f'backend = "[127.0.0.1]:{self.backend}"', f'pem-file = "{both}"', "workers = 1", "daemon = off",
                            "quiet = on", *([f'alpn-protos = "{self.alpn}"'] if self.alpn else []),
                            *(['user = "nobody"', 'group = "nogroup"'] if os.getuid() == 0 else []))
        return self.listen("hitch", f"--config={conf}")

    def haproxy(self):
        conf = self.d.write(f"haproxy.{self.new_port()}", "global", " nbthread 1", " ssl-default-bind-options ssl-min-ver TLSv1.2",
                            "defaults", " mode tcp", " timeout connect 10s", " timeout client 1h", " timeout server 1h",
                            "listen service", f" bind 127.0.0.1:{self.port} ssl crt {self.d.pem}"
                            + (f" alpn {self.alpn}" if self.alpn else ""),
                            f" server service 127.0.0.1:{self.backend}")
        return self.listen("haproxy", "-db", "-f", conf)

    def nginx(self):
        modules = ("/usr/lib/nginx/modules", os.path.join(UNPACKED, "libnginx-mod-stream/usr/lib/nginx/modules"))
        module = next(m for m in modules if os.path.exists(os.path.join(m, "ngx_stream_module.so")))
        conf = self.d.write(f"nginx.{self.new_port()}", f"load_module {module}/ngx_stream_module.so;", "daemon off;",
                            "master_process off;", f"pid {self.d.file('nginx.pid')};", "error_log /dev/null;",
                            "events { worker_connections 4096; }", "stream {", f"server {{ listen 127.0.0.1:{self.port} ssl;",
                            f"ssl_certificate {self.d.pem}; ssl_certificate_key {self.d.pem};",
                            "ssl_protocols TLSv1.2 TLSv1.3;", "ssl_session_cache shared:s:1m;",
                            f"ssl_alpn {self.alpn};" if self.alpn else "", "tcp_nodelay on;",
                            f"proxy_timeout 1h; proxy_pass 127.0.0.1:{self.backend}; }} }}")
        return self.listen(program_of("nginx"), "-e", "/dev/null", "-c", conf)

    def socat(self):
        self.new_port()
        return self.listen("socat", f"OPENSSL-LISTEN:{self.port},bind=127.0.0.1,reuseaddr,fork,backlog=1000,verify=0,nodelay,"
                                    f"cert={self.d.pem}", f"TCP:127.0.0.1:{self.backend},nodelay")

    def tlswrapper(self):
        return self.inetd(shutil.which("tlswrapper"), *self.tlswrapper_words())

    def tlswrapper_words(self):
        with open(self.d.pem, encoding="utf-8") as file:  # it takes no comments
            bare = re.findall(r"-----BEGIN.*?-----END.*?-----", file.read(), re.S)
        return ["-q", "-f", self.d.write("bare.pem", *bare), shutil.which("tlswrapper-tcp"), "127.0.0.1", str(self.backend)]
