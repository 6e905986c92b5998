"""What the integration tests in Python share: TLS servers whose certificate can be changed, a webhook
sink that misbehaves on command and keeps a record, the daemon, and its API over the control socket."""

import hashlib
import hmac
import http.client
import http.server
import json
import os
import random
import signal
import socket
import ssl
import subprocess
import threading
import time

EXPIRYD = os.environ["EXPIRYD"]
SOURCE = os.environ["SOURCE"]
TMP = os.environ["TMPDIR"]
SECRET = b"the-key-of-the-sink"


def wait_until(what, seconds=60, every=0.02):
    """Polls with a bound: what() until it is true; its value."""
    end = time.monotonic() + seconds
    while True:
        value = what()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError("waited in vain for: %s" % (what.__doc__ or what))
        time.sleep(every)


def make_certs():
    folder = os.path.join(TMP, "certs")
    subprocess.run(["sh", os.path.join(SOURCE, "tests/certs/make.sh"), folder], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return folder


class TlsServer:
    """One port that completes handshakes with the certificate it is told to use, or refuses."""

    def __init__(self, folder, cert):
        self.folder = folder
        self.contexts = {}
        self.use(cert)
        self.handshakes = 0
        self.mode = "serve"  # serve, reset, silent
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def use(self, cert):
        if cert not in self.contexts:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            base = os.path.join(self.folder, cert)
            context.load_cert_chain(base + ".chain.pem", base + ".key")
            self.contexts[cert] = context
        self.cert = cert

    def run(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def serve(self, peer):
        try:
            peer.settimeout(10)
            if self.mode == "silent":
                peer.recv(65536)
                peer.recv(1)
            elif self.mode == "reset":
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            else:
                with self.contexts[self.cert].wrap_socket(peer, server_side=True) as tls:
                    self.handshakes += 1
                    tls.recv(1)
        except (OSError, ssl.SSLError, ValueError):
            pass
        finally:
            peer.close()


class Sink:
    """A webhook receiver. `accepted` holds (delivery id, body) of what was answered with 2xx and of what was
    taken in although no answer was given (`maybe`)."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.lock = threading.Lock()
        self.accepted = []
        self.maybe = []
        self.refused = 0
        self.faults = []
        self.behave = lambda: "ok"
        sink = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                sink.take(self)

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.block_on_close = False
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, request):
        how = self.behave()
        body = request.rfile.read(int(request.headers["Content-Length"]))
        if len(body) != int(request.headers["Content-Length"]):
            return
        signature = "sha256=" + hmac.new(SECRET, body, hashlib.sha256).hexdigest()
        delivery = request.headers["X-Expiryd-Delivery"]
        document = json.loads(body)
        with self.lock:
            if request.headers["X-Expiryd-Signature"] != signature:
                self.faults.append("wrong signature of " + delivery)
            if document["delivery"] != delivery or request.headers["Idempotency-Key"] != delivery:
                self.faults.append("ids differ in " + delivery)
        if how == "ok":
            with self.lock:
                self.accepted.append((delivery, document))
            request.send_response(204)
            request.end_headers()
        elif how == "swallow":  # taken in, and the connection dies before the answer
            with self.lock:
                self.maybe.append((delivery, document))
            request.close_connection = True
            request.connection.close()
        elif how == "hang":
            with self.lock:
                self.refused += 1
            time.sleep(2)
            request.close_connection = True
        else:
            with self.lock:
                self.refused += 1
            request.send_response(int(how))
            if how == "429":
                request.send_header("Retry-After", "1")
            request.send_header("Content-Length", "0")
            request.end_headers()

    def rows(self):
        with self.lock:
            return [(delivery, row) for delivery, document in self.accepted
                    for row in document["alerts"]]


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout=30):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Daemon:
    """expiryd with its own folder. start() returns when it answers; kill() is SIGKILL."""

    def __init__(self, name, config):
        self.folder = os.path.join(TMP, name)
        os.makedirs(self.folder, exist_ok=True)
        self.socket = os.path.join(self.folder, "c.sock")
        self.file = os.path.join(self.folder, "expiryd.yaml")
        self.log = os.path.join(self.folder, "log")
        self.process = None
        self.write(config)

    def write(self, config):
        head = ("store: \"sqlite://%s/store.db\"\n"
                "control: {socket: %s}\n"
                "instance: {name: kit}\n" % (self.folder, self.socket))
        with open(os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w",
                  encoding="utf-8") as file:
            file.write(head + config)

    def spawn(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([EXPIRYD, "-c", self.file], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log)

    def start(self):
        self.spawn()
        self.wait_up()

    def wait_up(self):
        def up():
            "the daemon answers"
            if self.process.poll() is not None:
                raise AssertionError("expiryd left with %d:\n%s" % (self.process.returncode,
                                                                     self.tail()))
            try:
                return self.ask("GET", "/api/v1/status")
            except (OSError, http.client.HTTPException):
                return None
        return wait_until(up)

    def ask(self, method, path, body=None):
        connection = UnixConnection(self.socket)
        try:
            data = None if body is None else json.dumps(body)
            connection.request(method, path, data, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        if answer.status >= 300:
            raise OSError("%s %s: %d %s" % (method, path, answer.status, text))
        return json.loads(text) if text.startswith(("{", "[")) else text

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        assert code == 0, "left with %d:\n%s" % (code, self.tail())

    def tail(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return "".join(file.readlines()[-30:])

    def children(self):
        path = "/proc/%d/task/%d/children" % (self.process.pid, self.process.pid)
        with open(path, encoding="ascii") as file:
            return [int(pid) for pid in file.read().split()]

    def events(self):
        """All of the history, oldest first."""
        rows, cursor = [], ""
        while True:
            page = self.ask("GET", "/api/v1/events?limit=500" + cursor)
            rows += page["rows"]
            if not page["next"]:
                return rows[::-1]
            cursor = "&cursor=" + page["next"]

    def outbox_empty(self):
        return all(box["waiting"] == 0 for box in self.ask("GET", "/api/v1/status")["outbox"])
