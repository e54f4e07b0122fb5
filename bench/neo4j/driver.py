"""The official Python driver at its best, as bench/neo4j.sh times it.

driver.py export        reads every node and relationship, and counts them
driver.py import        reads them (not timed), empties the database (not timed), and creates them again by UNWIND batches of 5,000 rows

The server is that of NEO4J_URI, NEO4J_USERNAME and NEO4J_PASSWORD.
"""
import collections
import os
import sys
import time

import neo4j

NODES = "MATCH (n) RETURN id(n), labels(n), properties(n)"
RELATIONSHIPS = "MATCH (a)-[r]->(b) RETURN id(a), id(b), type(r), properties(r)"
BATCH = 5000


def rows(session, cypher):
    for record in session.run(cypher):
        yield tuple(record)


def read(session):
    return list(rows(session, NODES)), list(rows(session, RELATIONSHIPS))


def batches(groups):
    for key, group in groups.items():
        for begin in range(0, len(group), BATCH):
            yield key, group[begin : begin + BATCH]


def create(session, nodes, relationships):
    by_labels = collections.defaultdict(list)
    for old, labels, properties in nodes:
        by_labels[":".join(f"`{label}`" for label in labels)].append([old, properties])
    new = {}
    for labels, batch in batches(by_labels):
        cypher = f"UNWIND $rows AS row CREATE (n:{labels}) SET n = row[1] RETURN row[0], id(n)"
        new.update(tuple(record) for record in session.run(cypher, rows=batch))
    by_type = collections.defaultdict(list)
    for start, end, kind, properties in relationships:
        by_type[kind].append([new[start], new[end], properties])
    for kind, batch in batches(by_type):
        session.run(
            "UNWIND $rows AS row MATCH (a) WHERE id(a) = row[0] MATCH (b) WHERE id(b) = row[1] "
            f"CREATE (a)-[r:`{kind}`]->(b) SET r = row[2]",
            rows=batch,
        ).consume()


def main():
    auth = (os.environ["NEO4J_USERNAME"], os.environ["NEO4J_PASSWORD"])
    with neo4j.GraphDatabase.driver(os.environ["NEO4J_URI"], auth=auth, notifications_min_severity="OFF") as driver, driver.session(fetch_size=5000) as session:
        if sys.argv[1] == "export":
            start = time.perf_counter()
            count = sum(1 for _ in rows(session, NODES)) + sum(1 for _ in rows(session, RELATIONSHIPS))
        else:
            nodes, relationships = read(session)
            session.run("MATCH (n) CALL { WITH n DETACH DELETE n } IN TRANSACTIONS OF 10000 ROWS").consume()
            start = time.perf_counter()
            create(session, nodes, relationships)
            count = len(nodes) + len(relationships)
        seconds = time.perf_counter() - start
    print(f"{sys.argv[1]} driver {count} elements {seconds:.2f} s {count / seconds:.0f} elements/s")


main()
