"""Under load every role is struck at random, by SIGKILL, SIGSEGV and SIGSTOP. The daemon goes on, starts roles anew,
loses no look that was asked for, blames no healthy target for long, and leaks nothing."""

import os
import random
import shutil
import signal
import sys
import time

import kit
import rough

TLS = 200
FILES = 8
STRIKES = int(os.environ.get("STRIKES", "14"))
SIGNALS = [signal.SIGKILL, signal.SIGSEGV, signal.SIGSTOP]


def ready(daemon, probers):
    def all_back():
        "every role is back and nothing is in flight"
        names = [role for _, role in rough.roles(daemon)]
        return (names.count("prober") == probers and names.count("reader") == 1 and
                daemon.ask("GET", "/api/v1/status")["inflight"] == 0)
    return kit.wait_until(all_back, 60, 0.1)


def main():
    chance = random.Random(int(os.environ.get("SEED", "20261121")))
    folder = kit.make_certs()
    farm = rough.Farm(folder)
    names = ["localhost:%d@127.0.0.1" % farm.serve("good") for _ in range(TLS)]
    for number in range(FILES):
        shutil.copy(os.path.join(folder, "good.pem"),
                    os.path.join(kit.TMP, "file%d.pem" % number))
    daemon = kit.Daemon("d", "probe: {roots: %s/root.pem, probers: 2}\n"
                             "alerts: {group_wait: 0s, first_look: normal}\n"
                             "log: {level: warn}\n"
                             "targets: [%s, %s/file*.pem]\n"
                        % (folder, ", ".join('"%s"' % name for name in names), kit.TMP))
    daemon.start()
    rough.seen(daemon, TLS + FILES)
    ready(daemon, 2)
    fds, rss = rough.descriptors(daemon.process.pid), rough.rss_kib(daemon.process.pid)

    struck = {}
    asked = 0
    last = None
    for number in range(STRIKES):
        # The looks are asked for, then somebody dies amid them.
        last = daemon.ask("POST", "/api/v1/recheck", {"all": True})
        asked += last["count"]
        victims = kit.wait_until(lambda: rough.roles(daemon), 60)
        time.sleep(chance.random() * 0.3)  # not for order: for another moment each time
        # The reader is one of three, and as often as a prober is too seldom.
        pid, role = chance.choice([one for one in victims if one[1] == "reader"] or victims) \
            if number % 3 == 2 else chance.choice(victims)
        signo = SIGNALS[number % 3 if role == "prober" else (number // 3) % 3]
        if rough.strike(pid, signo):
            struck[(role, signo.name)] = struck.get((role, signo.name), 0) + 1
        assert daemon.process.poll() is None, daemon.tail()
    last = daemon.ask("POST", "/api/v1/recheck", {"all": True})
    print("struck: %s" % ", ".join("%s %s %d" % (*key, count) for key, count in sorted(struck.items())))

    def caught_up():
        "every target was looked at after it was asked for, and none is in trouble"
        rows = rough.targets(daemon)
        return rows if all(row["last_probed"] >= last["asked_at"][:19] and row["outcome"] == "ok"
                           for row in rows) else None
    rows = kit.wait_until(caught_up, 60, 0.3)
    assert len(rows) == TLS + FILES, len(rows)
    for row in rows:
        shown = rough.show(daemon, row)
        assert shown["target"]["attempts"] == 0, shown["target"]
        assert shown["next"]["at"] > last["asked_at"], shown["next"]
    alerts = daemon.ask("GET", "/api/v1/alerts")["rows"]
    assert not alerts, alerts
    told = [event for event in daemon.events() if event["what"] == "alert"]
    assert not told, told[:3]
    ready(daemon, 2)
    now = rough.descriptors(daemon.process.pid)
    assert now is None or now <= fds + 2, "descriptors: %s before, %s now" % (fds, now)
    grown = rough.rss_kib(daemon.process.pid)
    assert grown < rss * 1.5 + 8192, "memory: %d KiB before, %d now" % (rss, grown)
    print("%d looks asked for, %d connections; descriptors %s, memory %d -> %d KiB"
          % (asked, farm.taken, now, rss, grown))
    daemon.stop()


if __name__ == "__main__":
    sys.exit(main())
