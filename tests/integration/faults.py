"""What goes wrong around the daemon, each in its way: webhooks that answer all there is to answer, a file that cannot be
read again, signals, stores that are none or have no room, and listeners that others have."""

import http.client
import itertools
import os
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import time

import kit
import rough

MANY = 1500
ONLY = os.environ.get("ONLY")  # one part by name, for whoever mends it
QUIET = "alerts: {group_wait: 0s, first_look: normal}\nlog: {level: info}\n"


class Hook(kit.Sink):
    """A sink that follows a script, the last word of it for ever, and notes when it was asked."""

    def __init__(self, *script, context=None, location=None):
        super().__init__(1)
        words = itertools.chain(script, itertools.repeat(script[-1]))
        self.location = location
        self.asked = []
        self.behave = lambda: next(words)
        self.server.handle_error = lambda *where: None  # a client that does not trust us
        if context:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                     do_handshake_on_connect=False)
        self.scheme = "https" if context else "http"

    def take(self, request):
        self.asked.append((time.monotonic(), request.headers["X-Expiryd-Delivery"]))
        if not self.location:
            super().take(request)
            return
        request.rfile.read(int(request.headers["Content-Length"]))
        request.send_response(302)
        request.send_header("Location", self.location)
        request.send_header("Content-Length", "0")
        request.end_headers()

    def yaml(self, name, more=""):
        return ("  %s: {type: webhook, timeout: 1s, url: \"%s://localhost:%d/x\", secret: %s%s}\n"
                % (name, self.scheme, self.port, kit.SECRET.decode(), more))


def webhooks(folder, farm):
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(folder + "/good.chain.pem", folder + "/good.key")
    trap = Hook("ok")
    hooks = {
        "plain": Hook("ok"), "h500": Hook("500", "ok"), "h408": Hook("408", "ok"),
        "h429": Hook("429", "ok"), "hang": Hook("hang", "ok"), "reset": Hook("swallow", "ok"),
        "gone": Hook("410"), "lost": Hook("404"),
        "moved": Hook("302", location="http://127.0.0.1:%d/" % trap.port),
        "private": Hook("ok", context=served), "stranger": Hook("ok", context=served)}
    more = {"private": ", ca_file: %s/root.pem" % folder}
    daemon = kit.Daemon("hooks", QUIET + "probe: {roots: %s/root.pem}\n" % folder +
                        "notifiers:\n" +
                        "".join(hook.yaml(name, more.get(name, "")) for name, hook in hooks.items()) +
                        "targets: [\"localhost:%d\"]\n" % farm.serve("expired"))
    daemon.start()
    delivered = set(hooks) - {"gone", "lost", "moved", "stranger"}

    def expiry(name):
        return [key for key, row in hooks[name].rows() if row["kind"] == "expiry"]

    def all_there():
        "every hook that ever says yes has the alert, and the parked ones were told to another"
        parked = {row["target"] for _, row in hooks["plain"].rows() if row["kind"] == "notifier"}
        return (all(expiry(name) for name in delivered) and
                parked == {"notifier/gone", "notifier/lost", "notifier/moved"})
    try:
        kit.wait_until(all_there, 40, 0.1)
    except AssertionError:
        print({name: (len(hook.asked), [row["kind"] + row["target"] for _, row in hook.rows()])
               for name, hook in hooks.items()}, daemon.tail())
        raise
    for name, hook in hooks.items():
        first = [at for at, key in hook.asked if key == (hook.asked[0][1])]
        # Nobody is told twice but where no answer came.
        tries = {"plain": 1, "private": 1, "gone": 1, "stranger": 0, "lost": 3, "moved": 3}
        assert len(first) == tries.get(name, 2) if hook.asked else tries[name] == 0, (name, first)
        assert not hook.faults, hook.faults
        if name == "h429":
            assert first[1] - first[0] >= 0.95, first
    assert not trap.asked, "a redirect was followed"
    # Signed by a private CA that nobody named: tried for ever, never delivered, and no alarm yet.
    boxes = {box["notifier"]: box for box in daemon.ask("GET", "/api/v1/status")["outbox"]}
    assert boxes["stranger"]["failed"] > 0 and boxes["stranger"]["sent"] == 0, boxes["stranger"]
    assert boxes["lost"]["parked"] >= 1 and boxes["gone"]["parked"] >= 1, boxes
    daemon.stop()


def reloads(folder, farm):
    sink = Hook("ok")
    good = (QUIET + "probe: {roots: %s/root.pem}\nnotifiers:\n" % folder + sink.yaml("hook") +
            "targets: [\"localhost:%d\"%%s]\n" % farm.serve("good"))
    daemon = kit.Daemon("reload", good % "")
    daemon.start()
    rough.seen(daemon, 1)

    def generation():
        return daemon.ask("GET", "/api/v1/status")["configuration"]

    def told(event):
        return any(row["kind"] == "config" and row["event"] == event for _, row in sink.rows())

    for number, bad in enumerate(["targets: [a.test\n", "nonsense: 1\n", "\xff\x00", ""]):
        daemon.write(bad + "store: nowhere\n")
        daemon.process.send_signal(signal.SIGHUP)
        kit.wait_until(lambda: generation()["refused"], 20)
        assert generation()["generation"] == number + 1, generation()
        assert len(rough.targets(daemon)) == 1
        kit.wait_until(lambda n=number: told("raised"), 20)
        daemon.write(good % "")
        daemon.process.send_signal(signal.SIGHUP)
        kit.wait_until(lambda: not generation()["refused"], 20)
        kit.wait_until(lambda n=number: told("resolved"), 20)
        sink.accepted.clear()
    daemon.write(good % (", \"127.0.0.1:%d\"" % farm.serve("good")))
    daemon.process.send_signal(signal.SIGHUP)
    rough.seen(daemon, 2)

    def dumped():
        "the state is in the log"
        with open(daemon.log, encoding="utf-8") as file:
            text = file.read()
        return "msg=state " in text and "msg=counters " in text and "msg=notifier " in text
    daemon.process.send_signal(signal.SIGUSR1)
    kit.wait_until(dumped, 20)
    daemon.stop()


def signals(folder, farm):
    """The first SIGTERM waits for what is in flight, the second does not."""
    name = "127.0.0.1:%d" % farm.add(rough.silent)
    for number, seconds in enumerate(("3s", "60s")):
        daemon = kit.Daemon("term%d" % number, QUIET + "probe: {roots: %s/root.pem, timeout: %s}\n"
                            "targets: [\"%s\"]\n" % (folder, seconds, name))
        daemon.start()
        kit.wait_until(lambda d=daemon: d.ask("GET", "/api/v1/status")["inflight"] == 1, 20)
        before = time.monotonic()
        daemon.process.send_signal(signal.SIGTERM)
        if number:
            kit.wait_until(lambda d=daemon: "leaving: what is in flight" in d.tail(), 20)
            daemon.process.send_signal(signal.SIGTERM)
        assert daemon.process.wait(30) == 0, daemon.tail()
        took = time.monotonic() - before
        if number:
            assert took < 10, "a second SIGTERM took %.1f s" % took
            continue
        with sqlite3.connect(os.path.join(daemon.folder, "store.db")) as store:
            body = store.execute("SELECT body FROM doc WHERE kind = 'target'").fetchone()[0]
        assert '"outcome":"timeout"' in body, "the look in flight was not finished: " + body


def refuses(daemon, words, **how):
    """It leaves with 3 and one sentence."""
    done = subprocess.run([kit.EXPIRYD, "-c", daemon.file], stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=60, check=False, text=True, **how)
    lines = [line for line in done.stderr.splitlines() if "level=info" not in line]
    assert done.returncode == 3, (words, done.returncode, done.stderr)
    assert len(lines) == 1 and lines[0].startswith("expiryd: ") and words in lines[0], (words, lines)
    print(lines[0].replace(kit.TMP, ""))


def stores():
    def prepared(name):
        daemon = kit.Daemon(name, "log: {level: warn}\n")
        return daemon, os.path.join(daemon.folder, "store.db")

    daemon, path = prepared("garbage")
    with open(path, "wb") as file:
        file.write(os.urandom(20000))
    refuses(daemon, "store.db")
    daemon, path = prepared("short")
    with open(path, "wb") as file:
        file.write(b"SQLite format 3\0")
    refuses(daemon, "cut short")
    daemon, path = prepared("other")
    with sqlite3.connect(path) as store:
        store.execute("CREATE TABLE t(x)")
    store.close()
    refuses(daemon, "another program")

    daemon, path = prepared("newer")
    daemon.start()
    other = kit.Daemon("newer", "log: {level: warn}\n")
    refuses(other, "in use by another daemon, process %d" % daemon.process.pid)
    daemon.stop()
    with sqlite3.connect(path) as store:
        store.execute("PRAGMA user_version = 99")
    store.close()
    refuses(daemon, "newer version")

    daemon, path = prepared("readonly")
    daemon.start()
    daemon.stop()
    for name in os.listdir(daemon.folder):
        os.chmod(os.path.join(daemon.folder, name), 0o444 if "store" in name else 0o600)
    how = {}
    if os.geteuid() == 0:  # who may do anything is no test of what may not be done
        os.chown(daemon.file, 65534, 65534)
        how = {"user": 65534, "group": 65534, "extra_groups": []}
    refuses(daemon, "ermission denied", **how)


def listeners():
    daemon = kit.Daemon("busy", "log: {level: warn}\n")
    daemon.start()
    other = kit.Daemon("busy2", "log: {level: warn}\n")
    with open(other.file, "r+", encoding="utf-8") as file:
        text = file.read().replace(other.socket, daemon.socket)
        file.seek(0)
        file.write(text)
        file.truncate()
    refuses(other, "another daemon listens")
    daemon.ask("GET", "/api/v1/status")  # the first one still has it
    # What a dead daemon left is no obstacle.
    daemon.kill()
    assert os.path.exists(daemon.socket)
    daemon.start()
    daemon.stop()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        third = kit.Daemon("busy3", "log: {level: warn}\nhttp: {listen: \"127.0.0.1:%d\"}\n"
                           % taken.getsockname()[1])
        refuses(third, "in use")


def full(folder, farm):
    """The disk becomes full and free again. False when no small disk can be had."""
    disk = os.path.join(kit.TMP, "full")
    os.makedirs(disk)
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", disk],
                                           stderr=subprocess.DEVNULL, check=False).returncode:
        return False
    try:
        server = kit.TlsServer(folder, "good")
        sink = Hook("ok")
        name = "localhost:%d@127.0.0.1" % server.port
        # Nobody listens at these; that they are there, and seen, is what counts.
        many = ["127.9.%d.%d:%d" % (i // 250, i % 250 + 1, server.port) for i in range(MANY)]
        head = QUIET + "probe: {roots: %s/root.pem}\nnotifiers:\n" % folder + sink.yaml("hook")
        daemon = kit.Daemon("full", head + "targets: [\"%s\"]\n" % name)
        daemon.log = os.path.join(kit.TMP, "full.log")
        daemon.start()
        rough.seen(daemon, 1)

        def ready():
            connection = kit.UnixConnection(daemon.socket)
            connection.request("GET", "/readyz")
            answer = connection.getresponse()
            text = answer.read().decode()
            connection.close()
            assert answer.status == (200 if '"reasons":[]' in text else 503), text
            return text

        def is_ready():
            "readyz says so"
            return '"reasons":[]' in ready()
        kit.wait_until(is_ready, 20)
        with open(os.path.join(disk, "ballast"), "wb", buffering=0) as file:
            try:
                while file.write(b"x" * 4096):
                    pass
            except OSError:
                pass
        # A full disk is noticed when something grows: the log of the store has room of its own.
        server.use("expired")
        daemon_file = head + "targets: [%s]\n" % ", ".join('"%s"' % one for one in [name] + many)
        daemon.file = os.path.join(kit.TMP, "full.yaml")  # the file as it is cannot be written now
        os.unlink(os.path.join(disk, "expiryd.yaml"))
        os.symlink(daemon.file, os.path.join(disk, "expiryd.yaml"))
        daemon.write(daemon_file)
        daemon.process.send_signal(signal.SIGHUP)

        def stuck():
            "a full disk is noticed"
            try:
                daemon.ask("POST", "/api/v1/recheck", {"targets": [name]})
            except (OSError, http.client.HTTPException):
                pass
            return "the store does not answer" in ready()
        kit.wait_until(stuck, 30, 0.1)
        assert daemon.process.poll() is None
        os.unlink(os.path.join(disk, "ballast"))
        kit.wait_until(is_ready, 60, 0.1)

        def told():
            "what is asked for now is seen and told"
            daemon.ask("POST", "/api/v1/recheck", {"targets": [name]})
            return any(row["kind"] == "expiry" for _, row in sink.rows())
        kit.wait_until(told, 60, 0.5)
        rows = rough.seen(daemon, MANY + 1)
        assert {row["common_name"] for row in rows} == {"expired.test", None}
        daemon.stop()
        check = sqlite3.connect(os.path.join(disk, "store.db"))
        assert check.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        check.close()
    finally:
        if daemon.process and daemon.process.poll() is None:
            daemon.kill()
        subprocess.run(["umount", "-l", disk], check=True)
    return True


def main():
    folder = kit.make_certs()
    farm = rough.Farm(folder)
    begun = time.monotonic()
    if ONLY:
        print(globals()[ONLY](folder, farm))
        return 0
    for part in (stores, listeners):
        part()
        print("%s: %.1f s" % (part.__name__, time.monotonic() - begun), flush=True)
    for part in (signals, reloads, webhooks):
        part(folder, farm)
        print("%s: %.1f s" % (part.__name__, time.monotonic() - begun), flush=True)
    if not full(folder, farm):
        print("skipped: a store on a full disk, which needs root and a mount")
        return 77
    print("full: %.1f s" % (time.monotonic() - begun))
    return 0


if __name__ == "__main__":
    sys.exit(main())
