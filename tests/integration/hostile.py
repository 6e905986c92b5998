"""Certificates whose names hold what they should not, served and read from files, and servers made to do harm: nothing
of it reaches a log, a terminal, a table or a document unescaped, and nobody healthy waits for it."""

import json
import os
import re
import shutil
import ssl
import sys
import time

import kit
import rough

ODD = ["odd-newline", "odd-esc", "odd-html", "odd-rtl", "odd-nul", "odd-bmp", "odd-t61", "odd-long",
       "many", "badtime", "negative", "serial20", "v1", "y9999"]
FLOODS, TRICKLES, SILENT = 30, 35, 35
# Controls but the end of a line, DEL, and what turns the direction of text.
CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f\x80-\x9f]")
RAW = re.compile("[\x00-\x09\x0b-\x1f\x7f\x80-\x9f\u202a-\u202e\u2066-\u2069\u200e\u200f]")


def clean(text, where, controls=RAW):
    found = controls.search(text)
    assert not found, "%s: %r" % (where, text[max(0, found.start() - 60):found.end() + 20])


def raw(daemon, path):
    """An answer as it came; it parses."""
    connection = kit.UnixConnection(daemon.socket)
    connection.request("GET", path)
    text = connection.getresponse().read().decode("utf-8")
    connection.close()
    json.loads(text)
    return text


def strings(value):
    if isinstance(value, dict):
        for key, one in value.items():
            yield key
            yield from strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from strings(one)
    elif isinstance(value, str):
        yield value


def record_header(length):
    return b"\x16\x03\x03" + length.to_bytes(2, "big")


def flood(peer):
    """A certificate message that says 300 KB and more is coming, and goes on for ever."""
    peer.recv(65536)
    peer.sendall(bytes.fromhex("160303002a020000260303") + b"r" * 32 + bytes.fromhex("00c02b00"))
    peer.sendall(record_header(4 + 16380) + b"\x0b\x04\xb0\x00" + b"\x30" * 16380)
    for _ in range(40):
        peer.sendall(record_header(16384) + b"\x30" * 16384)


def trickle(peer):
    """One byte of a good beginning at a time."""
    peer.recv(65536)
    for byte in bytes.fromhex("160303002a020000260303") + b"r" * 35:
        peer.sendall(bytes([byte]))
        time.sleep(1)  # this is what it does to us, not how we wait


def names(folder, farm):
    """What can be loaded by a server is served, and all of it is read from files."""
    targets, watched = [], os.path.join(kit.TMP, "watched")
    os.makedirs(watched)
    for name in ODD:
        try:
            targets.append("localhost:%d@127.0.0.1" % farm.serve(name))
        except ssl.SSLError as error:
            print("not served: %s: %s" % (name, error))
        shutil.copy(os.path.join(folder, name + ".pem"), watched)
    return targets + [watched + "/*.pem"]


def main():
    folder = kit.make_certs()
    farm = rough.Farm(folder)
    sink = kit.Sink(1)
    told = []
    targets = names(folder, farm)
    config = ("probe: {roots: %s/root.pem, timeout: 8s}\n"
              "alerts: {group_wait: 0s, first_look: normal, expiry: [1000d]}\n"
              "log: {level: debug}\n"
              "notifiers: {hook: {type: webhook, url: \"http://127.0.0.1:%d/x\", secret: %s}}\n"
              % (folder, sink.port, kit.SECRET.decode()))
    daemon = kit.Daemon("d", config + "targets: [%s]\n"
                        % ", ".join('"%s"' % one for one in targets))
    daemon.start()
    rows = rough.seen(daemon, len(targets) - 1 + len(ODD))
    kit.wait_until(lambda: sink.rows() and daemon.outbox_empty(), 60)

    # JSON is escaped as JSON is: that it parses, and has no raw control, is what it owes.
    for row in rows:
        assert row["id"] == rough.show(daemon, row)["target"]["id"]
    for path in ("targets", "alerts", "events", "certificates", "status"):
        clean(raw(daemon, "/api/v1/" + path), path, CONTROLS)
    for _, document in sink.accepted:
        told += list(strings(document))
    metrics = daemon.ask("GET", "/metrics")
    clean(metrics, "metrics", CONTROLS)
    line = re.compile(r'(#.*|[a-zA-Z_:][\w:]*(\{([a-zA-Z_]\w*="([^"\\\n]|\\[\\"n])*",?)*\})? \S+)$')
    for one in metrics.splitlines():
        assert line.match(one), one
    assert len(told) > len(ODD)
    check_expiryctl(daemon, targets)
    crowd(daemon, config, farm)
    with open(daemon.log, "rb") as file:
        log = file.read()
    clean(log.decode("utf-8"), "log")
    assert all(one.startswith(b"ts=") for one in log.splitlines()), "a line of another's making"
    daemon.stop()


def check_expiryctl(daemon, targets):
    for words in (["list"], ["list", "--format", "csv"], ["alerts"], ["alerts", "--format", "csv"],
                  ["list", "--columns", "target,subject,common_name,names,issuer"],
                  *(["show", one] for one in targets[:-1])):
        out = rough.expiryctl(daemon, *words).decode("utf-8").replace("\r\n", "\n")
        clean(out, " ".join(words))
    for form in ("table", "csv", "json", "ndjson"):
        out = rough.expiryctl(daemon, "probe", "--fail-on", "never", "--format", form, *targets)
        clean(out.decode("utf-8").replace("\r\n", "\n"), "probe --format " + form,
              CONTROLS if "json" in form else RAW)
        if form == "json":
            json.loads(out)


def crowd(daemon, config, farm):
    """A hundred of the worst at once, and one that is well."""
    # Each at an address of its own, since one address is never asked by many at once.
    behaviours = [flood] * FLOODS + [trickle] * TRICKLES + [rough.silent] * SILENT
    spread = []
    for number, behaviour in enumerate(behaviours):
        address = "127.8.0.%d" % (number + 1)
        spread.append("%s:%d" % (address, farm.add(behaviour, address)))
    good = kit.TlsServer(farm.folder, "good")
    well = "localhost:%d@127.0.0.1" % good.port
    daemon.write(config + "targets: [%s]\n" % ", ".join('"%s"' % one for one in spread + [well]))
    begun = time.monotonic()
    daemon.ask("POST", "/api/v1/reload", {})

    def looked():
        "the healthy one is seen amid a hundred that are not"
        return [row for row in rough.targets(daemon)
                if row["target"] == well and row["outcome"] == "ok"]
    kit.wait_until(looked, 60, 0.05)
    took = time.monotonic() - begun
    print("the healthy one was seen after %.1f s" % took)
    assert took < 7, "the healthy one waited for the others, who have 8 s: %.1f s" % took

    def over():
        "all hundred were given up"
        rows = [row for row in rough.targets(daemon) if row["target"].startswith("127.8.")]
        return rows if len(rows) == len(spread) and all(row["last_probed"] for row in rows) else None
    rows = kit.wait_until(over, 60, 0.2)
    print({word: [row["outcome"] for row in rows].count(word)
           for word in {row["outcome"] for row in rows}})
    assert daemon.process.poll() is None
    assert not [row for row in rough.targets(daemon) if row["outcome"] == "prober_crash"]


if __name__ == "__main__":
    sys.exit(main())
