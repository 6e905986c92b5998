"""300 SIGKILLs at random moments while certificates change and the sink misbehaves. Then the sink's record is
audited: nothing lost, nothing under two ids, nothing invented."""

import os
import random
import sys
import time

import kit

KILLS = int(os.environ.get("KILLS", "300"))
TARGETS = 12
CERTS = ["good", "expired", "ends-1", "ends-3"]


def main():
    chance = random.Random(int(os.environ.get("SEED", "20261121")))
    folder = kit.make_certs()
    servers = [kit.TlsServer(folder, "expired") for _ in range(TARGETS)]
    sink = kit.Sink(1)
    names = ["127.0.0.1:%d" % server.port for server in servers]
    daemon = kit.Daemon("d", "probe: {roots: %s/root.pem}\n"
                             "alerts: {group_wait: 0s, first_look: normal}\n"
                             "log: {level: warn}\n"
                             "notifiers: {hook: {type: webhook, timeout: 2s,"
                             " url: \"http://127.0.0.1:%d/x\", secret: %s}}\n"
                             "targets: [%s]\n" % (folder, sink.port, kit.SECRET.decode(),
                                                  ", ".join('"%s"' % name for name in names)))
    sink.behave = lambda: sink.random.choice(["ok"] * 6 + ["503", "429", "swallow", "hang"])

    for number in range(KILLS):
        daemon.spawn()
        # Some die before they have said a word, some in the middle of work.
        if chance.random() < 0.8:
            daemon.wait_up()
            for server in chance.sample(servers, 3):
                server.use(chance.choice(CERTS))
            try:
                daemon.ask("POST", "/api/v1/recheck", {"targets": chance.sample(names, 6)})
            except OSError:
                pass  # the targets may not be there yet
        time.sleep(chance.random() * 0.25)
        daemon.kill()
        if number % 50 == 49:
            print("%d kills, %d deliveries" % (number + 1, len(sink.accepted)), flush=True)

    # Now it may live: everything owed is delivered and the states are those of the servers.
    sink.behave = lambda: "ok"
    daemon.start()
    for server in servers:
        server.use("good")

    def settled():
        "every certificate is the good one and nothing is owed"
        rows = daemon.ask("GET", "/api/v1/targets")["rows"]
        stale = [row["target"] for row in rows if row["common_name"] != "good.test"
                 or row["findings"]]
        if stale:
            daemon.ask("POST", "/api/v1/recheck", {"targets": stale})
            return False
        return len(rows) == TARGETS and daemon.outbox_empty()
    kit.wait_until(settled, 240, 0.5)
    audit(daemon, sink, names)
    daemon.stop()


def audit(daemon, sink, names):
    events = {event["event_id"]: event for event in daemon.events() if event["what"] == "alert"}
    owed = {key: event for key, event in events.items() if event["severity"] != "info"}
    told, under = {}, {}
    with sink.lock:
        records = sink.accepted + sink.maybe
        certain = list(sink.accepted)
        assert not sink.faults, sink.faults
    for delivery, document in records:
        for row in document["alerts"]:
            under.setdefault(row["event_id"], set()).add(delivery)
    for delivery, document in certain:
        for row in document["alerts"]:
            told[row["event_id"]] = row
    lost = [event for key, event in owed.items()
            if key not in told and event["event"] in ("raised", "escalated", "repeated", "resolved")]
    assert not lost, "lost: %s" % lost[:5]
    twice = {key: ids for key, ids in under.items() if len(ids) > 1}
    assert not twice, "under two ids: %s" % list(twice.items())[:5]
    invented = [key for key in told if key not in events]
    assert not invented, "invented: %s" % [told[key] for key in invented[:5]]
    for row in told.values():
        assert row["target"] in names or row["kind"] in ("notifier", "network", "clock"), row
        assert row["kind"] in ("expiry", "unreachable", "notifier", "network"), row
    open_now = [row for row in daemon.ask("GET", "/api/v1/alerts")["rows"] if row["kind"] == "expiry"]
    assert not open_now, open_now
    print("%d events, %d told, %d deliveries, %d refused on purpose"
          % (len(events), len(told), len(certain), sink.refused))
    assert len(told) >= 20, "the run told too little to prove anything"


if __name__ == "__main__":
    sys.exit(main())
