# SPDX-License-Identifier: Apache-2.0
"""What the demo asks as the public: over HTTP, without a token, from one node."""
import json
import urllib.parse
import urllib.request

from demo_data import DATASETS, PLACE


def get(node, path: str, **query: str) -> dict:
    url = f"http://{node.ready['http']}/api/v1/{path}?{urllib.parse.urlencode(query)}"
    with urllib.request.urlopen(url, timeout=30) as answer:
        return json.load(answer)


def search_as_the_public(demo) -> None:
    demo.step("Anybody, without a token, asks each node over HTTP what its institution shows the public")
    for handle, node in demo.nodes.items():
        shown, = [d for d in DATASETS if d.owner == handle and "public" in d.grants]
        listed = [d["dataset"] for d in get(node, "datasets")["datasets"]
                  if d["dataset"].startswith(f"{handle}/")]
        # All that this node shows the public, replicas of others' public datasets among it.
        found = get(node, "search", local="true", limit="10000",
                    deadline_ms="10000")
        hits = [hit for hit in found["hits"] if hit["dataset"].startswith(f"{handle}/")]
        places = [hit["record"] for hit in hits if any(name in hit["fields"] for name in PLACE)]
        demo.line(f"{handle:8} {shown.name:16} {len(hits):5,} records"
                  f"{', without where they were found' if shown.grants['public'].hide else ''}",
                  datasets=(listed, [shown.name]), places_shown=(places, []),
                  records=(len(hits), shown.records), whole=(len(found["hits"]), found["total"]))
