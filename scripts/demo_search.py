# SPDX-License-Identifier: Apache-2.0
"""What the demo asks by conditions: two genebanks' passports, counted and ordered over both, and what
somebody cannot find out to whom a field is not shown. Expected figures are counted from the files.
"""
from collections import Counter

from demo_data import SEARCHER

COUNTRIES, SINCE = ("GRC", "TUR"), 1990
WHERE = f"ORIGCTY IN ('GRC','TUR') AND ACQDATE >= '{SINCE}'"
HEIGHT_M = 1000
STRANGER = "irri"  # sees both genebanks' passports, not where the accessions were found


def begins(date: str) -> str:
    """The first day of a partial date, of which the year at least is known."""
    month, day = (part if part.isdigit() and part != "00" else "01" for part in (date[4:6], date[6:8]))
    return date[:4] + month + day


def search_by_condition(demo) -> None:
    node = demo.nodes[SEARCHER]
    sources = [demo.dataset[name] for name in ("ipk/passports", "usda/passports")]
    rows = [row for dataset in sources for row in dataset.imports[0].rows()]
    demo.step("Passports of two genebanks by a condition, counted and ordered over both")

    wanted = [row for row in rows if row["ORIGCTY"] in COUNTRIES and row["ACQDATE"][:4].isdigit()
              and int(row["ACQDATE"][:4]) >= SINCE]
    found = node.ask("search", "--where", WHERE, "--facet", "genus", "--sort=-ACQDATE", "--limit", "1000")
    origins = Counter(hit["origin"] for hit in found["hits"])
    told = ", ".join(f"{count} of {origin}" for origin, count in sorted(origins.items()))
    demo.line(f"--where \"{WHERE}\": {found['total']} records, {told}",
              total=(found["total"], len(wanted)), on_the_page=(len(found["hits"]), len(wanted)),
              by_origin=(origins, Counter({"DEU146": "ipk", "USA022": "usda"}[row["INSTCODE"]]
                                          for row in wanted)))
    counts = {entry["value"]: entry["count"] for entry in found["facets"]["genus"]}
    demo.line(f"--facet genus: {', '.join(f'{genus} {n}' for genus, n in counts.items())}",
              genera=(counts, dict(Counter(row["GENUS"] for row in wanted))))
    dates = [hit["fields"]["acquisitionDate"] for hit in found["hits"]]
    days = [begins(date) for date in dates]
    demo.line(f"--sort=-ACQDATE: from {dates[0]} to {dates[-1]}, partial dates among them",
              dates=(sorted(dates), sorted(row["ACQDATE"] for row in wanted)),
              newest_first=(days, sorted(days, reverse=True)),
              partial=(any(begins(date) != date for date in dates), True))

    high = sorted((float(row["ELEVATION"]) for row in rows
                   if row["ELEVATION"] and float(row["ELEVATION"]) >= HEIGHT_M), reverse=True)
    found = node.ask("search", "--where", f"ELEVATION >= {HEIGHT_M}", "--sort=-ELEVATION", "--limit", "1000")
    heights = [float(hit["fields"]["collectingInfo.collectingSite.elevation"]) for hit in found["hits"]]
    demo.line(f"--where \"ELEVATION >= {HEIGHT_M}\" --sort=-ELEVATION: {found['total']} records, from "
              f"{heights[0]:g} to {heights[-1]:g} m: as numbers", total=(found["total"], len(high)),
              highest_first=(heights, high))

    owner = sources[0].owner
    latitudes = Counter(row["DECLATITUDE"] for row in rows if row["DECLATITUDE"])
    word = next(row["DECLATITUDE"] for row in sources[0].imports[0].rows()
                if latitudes[row["DECLATITUDE"]] == 1 and len(row["DECLATITUDE"]) > 6)
    there = demo.nodes[owner].ask("search", word)
    hidden = demo.nodes[STRANGER].ask("search", word)
    demo.line(f"a latitude, {word}: {there['total']} record at {owner}; at {STRANGER}, to whom it is hidden, "
              f"{hidden['total']}", at_owner=(there["total"], 1), hidden=(hidden["total"], 0))
    refused = demo.nodes[STRANGER].ask("search", "--where", "DECLATITUDE > 50", may_exit=(4,))
    demo.line(f"--where \"DECLATITUDE > 50\" at {STRANGER} is refused: {refused['error']['message']}",
              refused=("DECLATITUDE" in refused["error"]["message"]
                       or "latitudeDecimal" in refused["error"]["message"], True))
