"""What happens to the brokers of a real Kafka."""


def brokers_killed(case):
    """Of three brokers one gets kill -9 under load and comes back, then two at once: what is uploaded meanwhile waits in
    the store."""
    kafka = case.real_kafka(brokers=3)
    cluster = case.on_folder(kafka)
    api = cluster.start("api")
    cluster.start("janitor")
    for _ in range(2):
        cluster.start("worker")
    cluster.load(api.url, 5)
    case.lasting(3)
    for killed in (["1"], ["2", "3"]):
        before = len(cluster.accepted())
        for broker in killed:
            kafka.command(f"kill {broker}")
        case.lasting(10)
        case.notes.append(f"{len(cluster.accepted()) - before} accepted without {len(killed)}")
        for broker in killed:
            kafka.command(f"start {broker}")
        case.lasting(3)
    return case.finish(api)
