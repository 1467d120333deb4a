"""What a database does through each program, beside PostgreSQL without TLS and with its own ssl = on.

  select     pgbench -S with 1 and with 10 sessions that are held: transactions per second
  connect    pgbench -C: milliseconds of a transaction with a connection of its own; with a password that costs next to
             nothing (md5), and with SCRAM's, whose 4,096 rounds are most of what a connection takes
  first-row  milliseconds from psql's start to its end, with one row between
  copy       COPY of 1 GB out and in through psql: MB/s
  copy-cpu   whose processor's seconds that GB takes
  notify     milliseconds from NOTIFY until a session has it that has rested for a minute
"""

import contextlib
import os
import re
import select
import shutil
import statistics
import subprocess
import time

from servers import ROOT, Servers, cpu_seconds

# They know no SSLRequest: a libpq that begins with TLS can talk to them.
DIRECT, DIRECT_SINCE = ("haproxy", "nginx", "hitch"), 17
NO_TLS, OWN = "PostgreSQL, no TLS", "PostgreSQL, ssl=on"
MD5_USER = "bench"
ROWS = 1_000_000  # of a kilobyte
OUT = "copy (select repeat('x', 999) from generate_series(1, {rows})) to stdout"
IN = "copy nothing from stdin where false"


class Database:
    def __init__(self, directory, methods, rounds, quick):
        self.d, self.methods, self.rounds, self.quick = directory, methods, rounds, quick
        self.ports, self.pids = {}, {}

    @contextlib.contextmanager
    def running(self):
        with throw_away_postgres(self.d.pem) as (port, who):
            self.who = {**os.environ, **who}
            behind = Servers(self.d, port, pgsql=True)
            self.ports = {NO_TLS: port, OWN: port}
            for name, method in self.methods.items():
                server = getattr(behind, method)()
                self.ports[name], self.pids[name] = server.port, server.process.pid
            yield list(self.ports)

    def environment(self, name, user=None):
        return {**self.who, "PGHOST": "127.0.0.1", "PGPORT": str(self.ports[name]),
                "PGSSLMODE": "disable" if name == NO_TLS else "require",
                **({"PGSSLNEGOTIATION": "direct"} if name in DIRECT else {}), **({"PGUSER": user} if user else {})}

    def run(self, name, *argv, user=None, **more):
        return subprocess.run(argv, env=self.environment(name, user), check=True, timeout=600, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, **more).stdout

    @staticmethod
    def can_begin_with_tls():
        said = subprocess.run(["pgbench", "--version"], stdout=subprocess.PIPE, check=True).stdout.decode()
        return int(re.search(r"\d+", said).group()) >= DIRECT_SINCE

    def prepare(self):
        self.run(NO_TLS, "pgbench", "-i", "-q", "-s", "2")
        self.run(NO_TLS, "psql", "-Xqc", "create unlogged table nothing (line text)")

    def select(self, name, clients):
        n = (300 if self.quick else 10000) // clients
        said = self.run(name, "pgbench", "-S", "-n", "-c", str(clients), "-j", "1", "-t", str(n)).decode()
        return float(re.search(r"tps = ([0-9.]+)", said).group(1))

    def connect(self, name, user):
        n = "10" if self.quick else "25"
        script = self.d.write("select.sql", "select 1;")
        said = self.run(name, "pgbench", "-C", "-n", "-c", "1", "-t", n, "-f", script, user=user).decode()
        return float(re.search(r"latency average = ([0-9.]+)", said).group(1))

    def first_row(self, name):
        took = []
        for _ in range(5):
            began = time.perf_counter()
            self.run(name, "psql", "-XAtc", "select 1", user=MD5_USER)
            took.append((time.perf_counter() - began) * 1000)
        return statistics.median(took)

    def copy(self, name, way):
        rows = ROWS // 10 if self.quick else ROWS
        began = time.perf_counter()
        with open("/dev/null", "wb") as null:
            if way == "out":
                subprocess.run(["psql", "-Xqc", OUT.format(rows=rows)], env=self.environment(name), check=True, stdout=null)
            else:
                self.copy_in(name, rows)
        return rows / 1000 / (time.perf_counter() - began)

    def copy_in(self, name, rows):
        chunk = (b"x" * 999 + b"\n") * 1000
        with subprocess.Popen(["psql", "-Xqc", IN], env=self.environment(name), stdin=subprocess.PIPE) as psql:
            for _ in range(rows // 1000):
                psql.stdin.write(chunk)
        if psql.returncode != 0:
            raise RuntimeError(f"{name}: COPY ended with {psql.returncode}")

    def copy_cpu(self, name, way):
        """Processor's seconds for a GB: of psql and what feeds it, of the program, of PostgreSQL."""
        with open(os.path.join(self.who["PG_DIR"], "data/postmaster.pid"), encoding="utf-8") as file:
            postmaster = int(file.readline())

        def spent():
            program = cpu_seconds(self.pids[name]) if name in self.pids else 0
            return sum(os.times()[:4]), program, cpu_seconds(postmaster)

        before = spent()
        self.copy(name, way)
        time.sleep(0.3)  # the sessions' ends, so that their seconds are their parents'
        gigabytes = 0.1 if self.quick else 1
        return [(after - b) / gigabytes for after, b in zip(spent(), before)]

    def notify(self, names):
        """name: the milliseconds of one NOTIFY, all of them after the same rest."""
        import psycopg2  # pylint: disable=import-outside-toplevel

        def session(name):
            of = self.environment(name)
            direct = {"sslnegotiation": "direct"} if name in DIRECT else {}
            s = psycopg2.connect(host="127.0.0.1", port=of["PGPORT"], user=of["PGUSER"], dbname=of["PGDATABASE"],
                                 passfile=of["PGPASSFILE"], sslmode=of["PGSSLMODE"], **direct)
            s.autocommit = True
            return s

        listening, seen = {name: session(name) for name in names}, {}
        for number, s in enumerate(listening.values()):
            s.cursor().execute(f"listen channel{number}")
        teller = session(NO_TLS)
        time.sleep(2 if self.quick else 60)
        for number, (name, s) in enumerate(listening.items()):
            began = time.perf_counter()
            teller.cursor().execute(f"notify channel{number}")
            while not s.notifies and select.select([s], [], [], 10) != ([], [], []):
                s.poll()
            seen[name] = (time.perf_counter() - began) * 1000
            time.sleep(0.1)
        for s in [teller, *listening.values()]:
            s.close()
        return seen

    def measurements(self):
        """title, the unit, in how many turns, what measures one program."""
        yield "select-1", "tps, pgbench -S, 1 session", 2, lambda name: self.select(name, 1)
        yield "select-10", "tps, pgbench -S, 10 sessions", 2, lambda name: self.select(name, 10)
        yield "connect-md5", "ms, pgbench -C, md5", 4, lambda name: self.connect(name, MD5_USER)
        yield "connect-scram", "ms, pgbench -C, SCRAM", 4, lambda name: self.connect(name, None)
        yield "first-row", "ms, psql with one row, md5", 4, self.first_row
        yield "copy-out", "MB/s, COPY out", 1, lambda name: self.copy(name, "out")
        yield "copy-in", "MB/s, COPY in", 1, lambda name: self.copy(name, "in")


@contextlib.contextmanager
def throw_away_postgres(pem):
    """tests/lib/pg.sh's, in a shell that lives as long; it has ssl = on with the same key for who asks for it, and a user whose
    password costs pgbench nothing to speak of."""
    script = """
. tests/lib/pg.sh
pg_start || exit 1
pg_as sh -c 'umask 077; cat > "$1"' sh "$PG_DIR/data/server.pem" < "$1"
printf '%s\\n' "ssl = on" "ssl_cert_file = 'server.pem'" "ssl_key_file = 'server.pem'" |
	pg_as sh -c 'cat >> "$1"' sh "$PG_DIR/data/postgresql.conf"
pg_as sed -i "1i host all $2 127.0.0.1/32 md5" "$PG_DIR/data/pg_hba.conf"
(cd / && pg_as "$PG_BIN/pg_ctl" reload -s -D "$PG_DIR/data")
password=$(pg_password)
printf '%s\\n' "set password_encryption = 'md5';" "create role $2 login password '$password';" |
	psql -q -h 127.0.0.1 -p "$PGPORT_REAL" || exit 1
echo "*:*:*:$2:$password" >> "$PGPASSFILE"
sleep 1
for name in PGPORT_REAL PGUSER PGDATABASE PGPASSFILE PG_DIR; do eval "echo $name=\\$$name"; done
echo ready
read -r _
pg_stop
"""
    with subprocess.Popen(["sh", "-c", script, "sh", pem, MD5_USER], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True) as shell:
        found = {}
        for line in shell.stdout:
            if line == "ready\n":
                break
            key, _, value = line.rstrip("\n").partition("=")
            found[key] = value
        if "PGPORT_REAL" not in found:
            raise RuntimeError("no PostgreSQL: tests/lib/pg.sh says why")
        try:
            yield int(found.pop("PGPORT_REAL")), found
        finally:
            shell.communicate("\n")
