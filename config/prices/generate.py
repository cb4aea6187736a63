#!/usr/bin/env python3
"""Writes table.json and table.bin from pinned wheels and the hand-written overlay.

    python3 config/prices/generate.py WHEELS            # a directory with the wheels that README.md names
    python3 config/prices/generate.py WHEELS --check    # fails if it would change

Standard library only (Python 3.11 or newer). The wheels are read, never executed. See README.md.
"""

import json
import sys
import tomllib
import zlib
from pathlib import Path

import genai
import litellm
import merge
import overlay

HERE = Path(__file__).parent
ORDER = ["input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "reasoning"]
# Where a kept cache lives otherwise than at Anthropic: 30 minutes and 12 hours.
LIFETIMES = dict.fromkeys(["openai", "azure"], {"cache_write_5m": "cache_write_30m", "cache_write_1h": "cache_write_12h"})


def claude_variants(rows, variants):
    """Fast mode and batch of Claude: rows from the first day on; the overlay ends and completes them."""
    for variant in variants:
        mine = [r for r in rows if (r["platform"], r["model"]) == (variant["platform"], variant["model"])]
        if not mine or not variant["model"].startswith("claude-"):
            continue
        last = mine[-1]
        if variant["service"] == "batch":
            if variant["rates"] != {k: v / 2 for k, v in merge.tokens(last["rates"]).items()}:
                raise SystemExit(f"batch of {variant['model']} is not half price: it needs a rule")
            if variant["platform"] != "anthropic":
                last["multiply"]["batch"] = merge.Decimal("0.5")
        elif variant["speed"] == "fast":
            fees = {k: v for k, v in last["rates"].items() if k in merge.FEES}
            rows.append(overlay.clone(last, speed="fast", **{"from": None}, rates=variant["rates"] | fees,
                                      context=variant["context"], multiply={}, source=[genai.BASE]))
    return rows


def build(wheels, claude, vendors):
    data = genai.providers(next(w for w in wheels if w.name.startswith("genai_prices-")))
    maps = litellm.read(sorted(w for w in wheels if w.name.startswith("litellm-")))
    excluded = {(e["platform"], model) for e in vendors.get("exclude", []) for model in e["models"]}
    decisions = merge.Decisions(vendors.get("decide", []))
    rows, variants, aliases = genai.tables(data, excluded)
    # A name that the overlay leads elsewhere, or leaves to the dated sightings, is no alias of the data.
    by_hand = [(a["platform"], a["name"], a["model"]) for a in vendors["alias"]]
    apart = {(p, name) for p, name, _ in by_hand} | {(d["platform"], name) for d in vendors.get("apart", []) for name in d["names"]}
    aliases = [alias for alias in aliases if alias[:2] not in apart]
    merge.compare(rows, maps, decisions)
    merge.compare_aliases(rows, aliases, maps, decisions)
    rows += merge.missing_rows(rows, aliases + by_hand, excluded, maps)
    rows = merge.service_rows(rows, variants, maps, decisions)
    rows += merge.resold(rows, maps, "vertex", "google")
    decisions.settle()
    for row in rows:
        row.setdefault("multiply", {})
        row.setdefault("committed", False)
    rows = [overlay.clone(row) for row in rows]
    rows = claude_variants(rows, variants)
    merge.uplifts(rows, maps)
    merge.long_writes(rows, maps)
    rows = overlay.apply(rows, claude["entry"] + vendors["entry"])
    return merge.folded(rows), aliases


def names(rows, generated, written):
    """All aliases: those of the data that are no key, then those by hand, which win."""
    keys = {(row["platform"], row["model"]) for row in rows}
    by_hand = {(a["platform"], a["name"]) for a in written}
    found = []
    for platform, name, model in generated:
        plain = merge.DATED.sub("", name)
        if (platform, name) in keys | by_hand or (platform, model) not in keys or plain == model:
            continue
        found.append({"platform": platform, "name": name, "model": model})
    for row in sorted(keys):
        # Claude's versions are written with dots on the lists of others.
        dashed = row[1].replace(".", "-")
        if row[0] in ("github-copilot", "cursor") and row[1].startswith("claude-") and dashed != row[1]:
            found.append({"platform": row[0], "name": dashed, "model": row[1]})
    for alias in written:
        if (alias["platform"], alias["name"]) in keys or (alias["platform"], alias["model"]) not in keys:
            raise SystemExit(f"alias {alias} names a key or leads nowhere")
    return sorted(found, key=lambda a: (a["platform"], a["name"])) + written


# Output: one row a line, so that a diff shows prices.


def plain(number):
    return format(number.normalize(), "f")


def class_rates(platform, rates):
    renamed = LIFETIMES.get(platform, {})
    return {renamed.get(k, k): plain(rates[k]) for k in ORDER if k in rates}


def written(row):
    out = {k: row[k] for k in ("platform", "model", "speed", "service", "from", "to", "window") if row.get(k)}
    out["rates"] = class_rates(row["platform"], row["rates"])
    if row["context"]:
        out["context"] = [{k: v for k, v in t.items() if k != "rates"}
                          | {"rates": class_rates(row["platform"], t["rates"])} for t in row["context"]]
    fees = {k: plain(row["rates"][k]) for k in merge.FEES if k in row["rates"]}
    if fees:
        out["fees"] = fees
    if row["multiply"]:
        out["multiply"] = {k: plain(v) for k, v in sorted(row["multiply"].items())}
    for field in ("committed", "searches_excluded"):
        if row.get(field):
            out[field] = True
    if row.get("assumed"):
        out["assumed"] = row["assumed"]
    out["source"] = row["source"]
    return out


def check(rows):
    """Ranges of one (platform, model, speed, service) must not overlap, windows apart; rates have six decimals."""
    seen = {}
    for row in rows:
        key = (row["platform"], row["model"], row["speed"], row["service"], bool(row.get("window")))
        for start, end in seen.setdefault(key, []):
            if (row["from"] or "") < (end or "9") and (start or "") < (row["to"] or "9"):
                raise SystemExit(f"overlapping rows of {key}")
        seen[key].append((row["from"], row["to"]))
        for rates in merge.every_rates(row):
            for name, rate in rates.items():
                if rate < 0 or rate != rate.quantize(merge.Decimal("0.000001")):
                    raise SystemExit(f"{key}: {name} {rate} is no price")


def lines(items):
    return ",\n".join("    " + json.dumps(item, ensure_ascii=True) for item in items)


def packed(table):
    """The same content in pieces, so that a start need not read every platform: names and lengths, then the pieces."""
    shelves = {}
    for row in table.pop("rows"):
        shelves.setdefault(row["platform"], []).append(row)
    pieces = [("", table | {"rows": []}), *sorted(shelves.items())]
    blobs = [(name, zlib.compress(json.dumps(piece, separators=(",", ":")).encode(), 9)) for name, piece in pieces]
    index = "".join(f"{name} {len(blob)}\n" for name, blob in blobs)
    return index.encode() + b"\n" + b"".join(blob for _, blob in blobs)


def main():
    wheels = list(Path(sys.argv[1]).glob("*.whl"))
    claude = tomllib.loads((HERE / "overlay.toml").read_text())
    vendors = tomllib.loads((HERE / "vendors.toml").read_text())
    rows, aliases = build(wheels, claude, vendors)
    rows.sort(key=lambda r: (r["platform"], r["model"], r["speed"] or "", r["service"] or "", r["from"] or "",
                             bool(r.get("window"))))
    check(rows)
    aliases = names(rows, aliases, claude["alias"] + vendors["alias"])
    sources = [{"id": genai.BASE, "reason": f"data module of the package, MIT, sha256 {genai.SHA256}",
                "address": "https://github.com/pydantic/genai-prices"}]
    sources += [{"id": litellm.source(version), "reason": f"cost map in the wheel of {day}, MIT, sha256 {digest}",
                 "address": "https://github.com/BerriAI/litellm"} for version, day, digest in litellm.WHEELS]
    entries = claude["entry"] + vendors["entry"] + vendors.get("exclude", []) + vendors.get("decide", []) + vendors.get("apart", [])
    sources += [{"id": e["id"], "reason": e["reason"], "address": e["address"]} for e in entries]
    text = (f'{{\n  "schema": 2,\n  "version": {json.dumps(claude["version"])},\n'
            f'  "sources": [\n{lines(sources)}\n  ],\n'
            f'  "home": [\n{lines(vendors["home"])}\n  ],\n'
            f'  "unresolved": [\n{lines(vendors["unresolved"])}\n  ],\n'
            f'  "aliases": [\n{lines(aliases)}\n  ],\n'
            f'  "rows": [\n{lines(map(written, rows))}\n  ]\n}}\n')
    target = HERE / "table.json"
    if "--check" in sys.argv[2:]:
        sys.exit(0 if target.read_text() == text else "table.json differs from what its sources give")
    target.write_text(text)
    bundle = packed(json.loads(text))
    (HERE / "table.bin").write_bytes(bundle)
    print(f"{len(rows)} rows, {len(aliases)} aliases, {len(text)} bytes, {len(bundle)} packed")


if __name__ == "__main__":
    main()
