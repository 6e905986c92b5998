"""What the tests of robustness share beside kit.py: many TLS servers on few threads, servers that misbehave, and
what can be seen of a process from outside."""

import os
import select
import signal
import socket
import ssl
import subprocess
import threading
import time

import kit

# Under the sanitizers freed memory is kept for a while, which is no growth of the program's.
SANITIZED = b"__asan_init" in open(kit.EXPIRYD, "rb").read()
if SANITIZED:
    os.environ["ASAN_OPTIONS"] = (os.environ.get("ASAN_OPTIONS", "") +
                                  ":quarantine_size_mb=1:thread_local_quarantine_size_kb=64")


class Farm:
    """Many ports, each with a behaviour: a function that is given the connection in a thread of its own. One
    thread accepts for all."""

    def __init__(self, folder):
        self.folder = folder
        self.poll = select.epoll()
        self.listeners = {}
        self.contexts = {}
        self.taken = 0
        threading.Thread(target=self.run, daemon=True).start()

    def add(self, behaviour, address="127.0.0.1"):
        listener = socket.create_server((address, 0), backlog=512)
        self.listeners[listener.fileno()] = (listener, behaviour)
        self.poll.register(listener.fileno(), select.EPOLLIN)
        return listener.getsockname()[1]

    def serve(self, cert):
        """A port that completes handshakes with this certificate."""
        context = self.context(cert)

        def behaviour(peer):
            with context.wrap_socket(peer, server_side=True) as tls:
                tls.recv(1)
        return self.add(behaviour)

    def context(self, cert):
        if cert not in self.contexts:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
            base = os.path.join(self.folder, cert)
            context.load_cert_chain(base + ".chain.pem", base + ".key")
            self.contexts[cert] = context
        return self.contexts[cert]

    def run(self):
        while True:
            for number, _ in self.poll.poll():
                listener, behaviour = self.listeners[number]
                try:
                    peer, _ = listener.accept()
                except OSError:
                    continue
                self.taken += 1
                threading.Thread(target=self.one, args=(peer, behaviour), daemon=True).start()

    @staticmethod
    def one(peer, behaviour):
        try:
            peer.settimeout(30)
            behaviour(peer)
        except (OSError, ssl.SSLError, ValueError):
            pass
        finally:
            peer.close()


def silent(peer):
    """Takes what comes and never answers."""
    while peer.recv(65536):
        pass


def role_of(pid):
    """prober, reader, or None for what is no role (any more)."""
    try:
        with open("/proc/%d/cmdline" % pid, "rb") as file:
            words = file.read().split(b"\0")
        with open("/proc/%d/stat" % pid, encoding="ascii", errors="replace") as file:
            dead = file.read().rsplit(")", 1)[1].split()[0] in ("Z", "X")
    except OSError:
        return None
    for role in ("prober", "reader"):
        if not dead and any(role.encode() in word for word in words):
            return role
    return None


def roles(daemon):
    """[(pid, role)] of the daemon's children."""
    found = [(pid, role_of(pid)) for pid in daemon.children()]
    return [(pid, role) for pid, role in found if role]


def strike(pid, signo):
    """A role may be gone before it is struck."""
    try:
        os.kill(pid, signo)
        return True
    except ProcessLookupError:
        return False


def descriptors(pid):
    """How many a process has open; None where we may not look (its memory is protected from its own user)."""
    try:
        return len(os.listdir("/proc/%d/fd" % pid))
    except PermissionError:
        return None


def rss_kib(pid):
    """Its own memory: pages of files (the program, libraries, the store's shared map) are not counted."""
    with open("/proc/%d/status" % pid, encoding="ascii") as file:
        for line in file:
            if line.startswith("RssAnon:"):
                return int(line.split()[1])
    raise AssertionError("no RssAnon")


def targets(daemon):
    """All rows of the inventory."""
    rows, cursor = [], ""
    while True:
        page = daemon.ask("GET", "/api/v1/targets?limit=500" + cursor)
        rows += page["rows"]
        if not page["next"]:
            return rows
        cursor = "&cursor=" + page["next"]


def show(daemon, row):
    return daemon.ask("GET", "/api/v1/targets/" + row["id"])


def seen(daemon, count):
    """Waits until so many targets are there and each was looked at."""
    def all_seen():
        "every target was looked at"
        rows = targets(daemon)
        return rows if len(rows) == count and all(row["last_probed"] for row in rows) else None
    return kit.wait_until(all_seen, 60, 0.2)


def expiryctl(daemon, *words, code=0):
    """Runs expiryctl and returns its output; None when it does not know the command yet."""
    done = subprocess.run([os.environ["EXPIRYCTL"], "--socket", daemon.socket, *words],
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
    assert done.returncode == code, (words, done.returncode, done.stderr)
    return done.stdout


__all__ = ["Farm", "SANITIZED", "descriptors", "expiryctl", "role_of", "roles", "rss_kib", "seen",
           "show", "silent", "signal", "strike", "targets", "time"]
