"""2,000 looks at 20 targets: what the keeper and the probers hold after 2,000 looks is what they held after 500."""

import sys

import kit
import rough

TARGETS = 20
ROUNDS = 100
EARLY = 25


def main():
    folder = kit.make_certs()
    farm = rough.Farm(folder)
    # Good ones, ones with findings, and ones that fail: all ways through a look.
    names = ["localhost:%d@127.0.0.1" % farm.serve("good") for _ in range(10)]
    names += ["localhost:%d@127.0.0.1" % farm.serve(cert)
              for cert in ("expired", "selfsigned", "wrong", "ends-3", "many", "missing")]
    names += ["127.0.0.1:%d" % farm.add(lambda peer: peer.send(b"hello\r\n")) for _ in range(4)]
    daemon = kit.Daemon("d", "probe: {roots: %s/root.pem, probers: 2}\n"
                             "alerts: {group_wait: 0s, first_look: normal}\n"
                             "log: {level: warn}\n"
                             "targets: [%s]\n"
                        % (folder, ", ".join('"%s"' % name for name in names)))
    daemon.start()
    rough.seen(daemon, TARGETS)

    def looks():
        text = daemon.ask("GET", "/metrics")
        return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines()
                   if line.startswith("expiryd_looks_total"))

    def measure():
        return {"keeper": (rough.rss_kib(daemon.process.pid),
                           rough.descriptors(daemon.process.pid)),
                **{"prober %d" % pid: (rough.rss_kib(pid), rough.descriptors(pid))
                   for pid, _ in rough.roles(daemon)}}

    early = None
    for number in range(ROUNDS):
        if number == EARLY:
            early = measure()
        before = looks()
        daemon.ask("POST", "/api/v1/recheck", {"targets": names})

        def done():
            "the round is over"
            return (looks() >= before + TARGETS and
                    daemon.ask("GET", "/api/v1/status")["inflight"] == 0)
        kit.wait_until(done, 30, 0.01)
    late = measure()
    print("early %s\nlate %s\nlooks %d" % (early, late, looks()))
    assert early.keys() == late.keys(), "a role was started anew: %s" % daemon.tail()
    for name, (kib, fds) in late.items():
        # A role has no environment, so that nobody can tell its sanitizer to keep nothing freed.
        allowed = early[name][0] * 1.1
        assert kib <= allowed or (rough.SANITIZED and name != "keeper"), \
            "%s: %d KiB after, %d before" % (name, kib, early[name][0])
        assert fds is None or fds <= early[name][1] + 1, (name, fds, early[name][1])
    daemon.stop()


if __name__ == "__main__":
    sys.exit(main())
