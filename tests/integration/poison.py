"""Two poisonous targets among fifty healthy ones: one's certificate makes the prober abort, the other's makes it loop.
They alone end as prober_crash and, once confirmed, as a `self` alert; the others never notice."""

import datetime
import json
import os
import sqlite3
import subprocess
import sys
import time

import kit
import rough

kit.EXPIRYD = os.path.join(os.environ["BUILD"], "tests/integration/expiryd-hooks")
HEALTHY = 50


def make_poison(folder, name):
    """A certificate by itself, whose CN the hooks know."""
    base = os.path.join(folder, name)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "90", "-subj", "/CN=" + name,
                    "-addext", "subjectAltName=DNS:" + name, "-keyout", base + ".key",
                    "-out", base + ".chain.pem"],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def main():
    folder = kit.make_certs()
    farm = rough.Farm(folder)
    poisons = ("poison.crash.test", "poison.stall.test")
    for name in poisons:
        make_poison(folder, name)
    healthy = ["localhost:%d@127.0.0.1" % farm.serve("good") for _ in range(HEALTHY)]
    bad = ["%s:%d@127.0.0.1" % (name, farm.serve(name)) for name in poisons]
    sink = kit.Sink(1)
    daemon = kit.Daemon("d", "probe: {roots: %s/root.pem, probers: 2}\n"
                             "alerts: {group_wait: 0s, first_look: normal}\n"
                             "log: {level: warn}\n"
                             "notifiers: {hook: {type: webhook,"
                             " url: \"http://127.0.0.1:%d/x\", secret: %s}}\n"
                             "targets: [%s]\n"
                        % (folder, sink.port, kit.SECRET.decode(),
                           ", ".join('"%s"' % name for name in bad + healthy)))
    daemon.start()

    def sorted_out():
        "the poisonous ones are known, and nothing else is in trouble"
        rows = {row["target"]: row for row in rough.targets(daemon)}
        return rows if (len(rows) == HEALTHY + 2 and
                        all(rows[name]["outcome"] == "prober_crash" for name in bad) and
                        all(rows[name]["outcome"] == "ok" for name in healthy)) else None
    kit.wait_until(sorted_out, 60, 0.2)

    # Looked at together again and again: the culprits each time, the neighbours for nothing.
    for _ in range(2):
        asked = daemon.ask("POST", "/api/v1/recheck", {"all": True})["asked_at"][:19]

        def looked():
            "all were looked at again"
            return all(row["last_probed"] >= asked for row in rough.targets(daemon))
        time.sleep(1.1)  # the times of the list are whole seconds
        kit.wait_until(looked, 60, 0.2)
    rows = kit.wait_until(sorted_out, 60, 0.2)
    for name in healthy:
        shown = rough.show(daemon, rows[name])["target"]
        assert shown["attempts"] == 0 and not shown["findings"], shown
    for name in bad:
        shown = rough.show(daemon, rows[name])
        assert shown["target"]["attempts"] > 0, shown["target"]
        assert [alert["kind"] for alert in shown["alerts"]] == ["self"], shown["alerts"]
        assert shown["alerts"][0]["status"] == "pending", shown["alerts"]
    daemon.stop()

    # Five minutes go by between the first crash and the confirming one.
    with sqlite3.connect(os.path.join(daemon.folder, "store.db")) as store:
        for key, body in store.execute("SELECT id, body FROM doc WHERE kind = 'alert'").fetchall():
            alert = json.loads(body)
            past = datetime.datetime.fromisoformat(alert["first_seen_at"][:19])
            past -= datetime.timedelta(minutes=6)
            alert["first_seen_at"] = past.isoformat() + ".000Z"
            store.execute("UPDATE doc SET body = ? WHERE kind = 'alert' AND id = ?",
                          (json.dumps(alert), key))
    store.close()
    daemon.start()
    daemon.ask("POST", "/api/v1/recheck", {"targets": bad})

    def told():
        "both were told, as what they are"
        rows = sink.rows()
        assert {row["kind"] for _, row in rows} <= {"self"}, rows
        return {row["target"] for _, row in rows if row["status"] == "firing"} == set(bad)
    kit.wait_until(told, 60, 0.2)
    events = [event for event in daemon.events() if event["what"] == "alert"]
    assert {event["subject"] for event in events} <= set(bad), events
    assert {event["kind"] for event in events} == {"self"}, events
    daemon.stop()


if __name__ == "__main__":
    sys.exit(main())
