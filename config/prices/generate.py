#!/usr/bin/env python3
"""Writes table.json from the genai-prices wheel and overlay.toml.

    python3 config/prices/generate.py genai_prices-0.2.3-py3-none-any.whl            # writes table.json
    python3 config/prices/generate.py genai_prices-0.2.3-py3-none-any.whl --check    # fails if it would change

Standard library only (Python 3.11 or newer). The wheel's data module is parsed, never executed. See README.md.
"""

import ast
import hashlib
import json
import re
import sys
import tomllib
import zipfile
from datetime import date
from decimal import Decimal
from pathlib import Path

HERE = Path(__file__).parent
PACKAGE, VERSION = "genai-prices", "0.2.3"
SHA256 = "56976ce2b04ec206117f7d0e53f4849211a6724ab3a12119afec304eba63ee25"
BASE = f"{PACKAGE} {VERSION}"

CLASSES = {
    "input_mtok": "input",
    "cache_read_mtok": "cache_read",
    "cache_write_mtok": "cache_write_5m",
    "cache_write_1h_mtok": "cache_write_1h",
    "output_mtok": "output",
    "web_searches_kcount": "web_search",
}
ORDER = list(CLASSES.values())
FEES = ["web_search"]


class Call:
    """A constructor call of the data module: its name and keyword arguments."""

    def __init__(self, name, fields):
        self.name, self.fields = name, fields

    def get(self, field):
        return self.fields.get(field)


def value(node):
    """The value of a literal or of a constructor call."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.List):
        return [value(item) for item in node.elts]
    if isinstance(node, ast.Tuple):
        return tuple(value(item) for item in node.elts)
    if isinstance(node, ast.Dict):
        return {value(k): value(v) for k, v in zip(node.keys, node.values)}
    if isinstance(node, ast.Call):
        name = ast.unparse(node.func)
        if name == "Decimal":
            return Decimal(value(node.args[0]))
        if name == "datetime.date":
            return date(*(value(arg) for arg in node.args))
        return Call(name, {k.arg: value(k.value) for k in node.keywords} | dict(enumerate(map(value, node.args))))
    if isinstance(node, ast.Attribute):
        return ast.unparse(node)
    raise SystemExit(f"line {node.lineno} of the data module has an unknown form: {ast.unparse(node)[:80]}")


def providers(wheel):
    content = Path(wheel).read_bytes()
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise SystemExit(f"{wheel} is not {BASE} (sha256 {SHA256})")
    with zipfile.ZipFile(wheel) as archive:
        tree = ast.parse(archive.read("genai_prices/data.py"))
    found = [node.value for node in tree.body if isinstance(node, ast.AnnAssign) and node.target.id == "providers"]
    return {provider.get("id"): provider for provider in value(found[0])}


# Which models of which provider become rows, and under what (platform, model). None: not a row.


def anthropic(model):
    return [("anthropic", re.sub(r"-latest$", "", re.sub(r"-4-0$", "-4", model)))]


def aws(model):
    found = re.fullmatch(r"(global|regional)\.anthropic\.(claude-.+?)(-\d{8})?(-v\d+(:\d+)?)?", model)
    return [(f"aws-{found[1]}", found[2])] if found else []


def google(model):
    # One entry of the data covers Opus 4 and 4.1 (its match clause names both).
    names = {"claude-4-opus": ["claude-opus-4", "claude-opus-4-1"], "claude-4-sonnet": ["claude-sonnet-4"]}
    return [("vertex", name) for name in names.get(model, [model])] if model.startswith("claude-") else []


SELECTED = {"anthropic": anthropic, "aws": aws, "google": google}


def rates(prices):
    """(rates, context tiers) of one ModelPrice. A tier of the data starts above its `start`."""
    base, above = {}, {}
    for field, price in prices.fields.items():
        if field not in CLASSES:
            raise SystemExit(f"unknown price class {field}")
        if isinstance(price, Call):
            base[CLASSES[field]] = price.get("base")
            for tier in price.get("tiers"):
                above.setdefault(tier.get("start"), {})[CLASSES[field]] = tier.get("price")
        elif price is not None:
            base[CLASSES[field]] = price
    context = []
    for start, tier in sorted(above.items()):
        # The whole request switches: a class without a tier of its own keeps its rate.
        context.append({"above": start, "rates": base | tier})
    return base, context


def instant(day):
    return f"{day.isoformat()}T00:00:00Z"


def dated(prices):
    """(from, to, ModelPrice) of a model's price list; the data's dates are UTC days."""
    if isinstance(prices, Call):
        return [(None, None, prices)]
    starts = []
    for conditional in prices:
        constraint = conditional.get("constraint")
        if constraint is not None and constraint.name != "StartDateConstraint":
            raise SystemExit(f"no rule for {constraint.name}")
        starts.append((instant(constraint.get("start_date")) if constraint else None, conditional.get("prices")))
    starts.sort(key=lambda item: item[0] or "")
    ends = [start for start, _ in starts[1:]] + [None]
    return [(start, end, price) for (start, price), end in zip(starts, ends)]


def halved(variant, row):
    """Whether a batch variant is exactly half of the row's token rates (then the row's multiplier says it all)."""
    base, context = rates(variant.get("prices"))
    tokens = {k: v / 2 for k, v in row["rates"].items() if k != "web_search"}
    if base != tokens:
        return False
    mine = [{k: v / 2 for k, v in tier["rates"].items() if k != "web_search"} for tier in row["context"]]
    return not row["context"] or [tier["rates"] for tier in context] == mine


def base_rows(data):
    rows = []
    for provider, names in SELECTED.items():
        for model in data[provider].get("models"):
            for platform, name in names(model.get("id")):
                mine = []
                for start, end, prices in dated(model.get("prices")):
                    base, context = rates(prices)
                    mine.append({"platform": platform, "model": name, "speed": None, "from": start, "to": end,
                                 "rates": base, "context": context, "multiply": {}, "committed": False,
                                 "source": [BASE]})
                for variant in model.get("price_variants") or []:
                    when, last = variant.get("when"), mine[-1]
                    if when == {"processing": "batch"}:
                        if not halved(variant, last):
                            raise SystemExit(f"batch of {name} is not half price: it needs a rule")
                        if platform != "anthropic":
                            last["multiply"]["batch"] = Decimal("0.5")
                    elif when == {"speed": "fast"}:
                        base, context = rates(variant.get("prices"))
                        fees = {k: v for k, v in last["rates"].items() if k == "web_search"}
                        mine.append(last | {"speed": "fast", "from": None, "rates": base | fees, "context": context,
                                            "multiply": {}, "source": [BASE]})
                    else:
                        raise SystemExit(f"no rule for the variant {when} of {name}")
                rows += [row for row in mine if not any(same(row, other) for other in rows)]
    return rows


def same(row, other):
    """Two entries of one model at one price (Bedrock lists snapshots); at different prices the build must fail."""
    key = ("platform", "model", "speed", "from", "to")
    if any(row[k] != other[k] for k in key):
        return False
    if row["rates"] != other["rates"] or row["context"] != other["context"]:
        raise SystemExit(f"two prices for {row['platform']}/{row['model']}")
    return True


# The overlay.


def decimals(table):
    return {k: Decimal(v) for k, v in table.items()}


def tier(base, rule):
    """A context tier that is a multiple of the base rates: one factor for the prompt's classes, one for output."""
    factors = {"output": Decimal(rule["output_times"]), "web_search": Decimal(1)}
    prompt = Decimal(rule["prompt_times"])
    return {"above": rule["above"], "rates": {k: v * factors.get(k, prompt) for k, v in base.items()}}


def matching(entry, rows):
    platforms, models = entry["platforms"], entry.get("models")
    speed = entry.get("speed")
    found = [row for row in rows if row["platform"] in platforms and (models is None or row["model"] in models)
             and (speed == "any" or row["speed"] == speed)]
    missing = set(models or []) - {row["model"] for row in found}
    if missing or not found:
        raise SystemExit(f"overlay {entry['id']}: no row for {sorted(missing) or platforms}")
    return found


def overlay(rows, entries):
    for entry in entries:
        mark = entry["id"]
        for new in entry.get("row", []):
            rows.append({"platform": new["platform"], "model": new["model"], "speed": new.get("speed"),
                         "from": new.get("from"), "to": new.get("to"), "rates": decimals(new["rates"]),
                         "context": [{"above": t["above"], "rates": decimals(t["rates"])} for t in new.get("context", [])],
                         "multiply": {}, "committed": False, "source": [mark]})
        if "platforms" not in entry:
            continue
        for row in matching(entry, rows):
            if "multiply" in entry:
                row["multiply"] |= decimals(entry["multiply"])
            if entry.get("committed"):
                row["committed"] = True
            if "to" in entry:
                row["to"] = entry["to"]
            if "context" in entry:
                rule = entry["context"]
                if row["context"] or (rule.get("to") and row["from"]):
                    raise SystemExit(f"overlay {mark}: {row['platform']}/{row['model']} has tiers or dates already")
                if "to" in rule:
                    rows.append(row | {"from": rule["to"], "source": [*row["source"], mark],
                                       "multiply": dict(row["multiply"])})
                    row["to"] = rule["to"]
                row["context"] = [tier(row["rates"], rule)]
            if "derive" in entry:
                times = Decimal(entry["derive"]["times"])
                scale = lambda base: {k: v if k == "web_search" else v * times for k, v in base.items()}
                rows.append(row | {"platform": entry["derive"]["platform"], "rates": scale(row["rates"]),
                                   "context": [t | {"rates": scale(t["rates"])} for t in row["context"]],
                                   "multiply": dict(row["multiply"]), "source": [*row["source"], mark]})
                continue
            row["source"] = [*row["source"], mark]
    return rows


# Output: one row a line, so that a diff shows prices.


def plain(number):
    return format(number.normalize(), "f")


def written(row):
    out = {k: row[k] for k in ("platform", "model", "speed", "from", "to") if row[k]}
    tokens = lambda rates: {k: plain(rates[k]) for k in ORDER if k in rates and k not in FEES}
    out["rates"] = tokens(row["rates"])
    if row["context"]:
        out["context"] = [{"above": t["above"], "rates": tokens(t["rates"])} for t in row["context"]]
    fees = {k: plain(row["rates"][k]) for k in FEES if k in row["rates"]}
    if fees:
        out["fees"] = fees
    if row["multiply"]:
        out["multiply"] = {k: plain(v) for k, v in sorted(row["multiply"].items())}
    if row["committed"]:
        out["committed"] = True
    out["source"] = row["source"]
    return out


def check(rows):
    """Ranges of one (platform, model, speed) must not overlap."""
    seen = {}
    for row in rows:
        key = (row["platform"], row["model"], row["speed"])
        for start, end in seen.setdefault(key, []):
            if (row["from"] or "") < (end or "9") and (start or "") < (row["to"] or "9"):
                raise SystemExit(f"overlapping rows of {key}")
        seen[key].append((row["from"], row["to"]))


def lines(items):
    return ",\n".join("    " + json.dumps(item, ensure_ascii=True) for item in items)


def main():
    wheel = sys.argv[1]
    hand = tomllib.loads((HERE / "overlay.toml").read_text())
    rows = overlay(base_rows(providers(wheel)), hand["entry"])
    rows.sort(key=lambda r: (r["platform"], r["model"], r["speed"] or "", r["from"] or ""))
    check(rows)
    sources = [{"id": BASE, "reason": f"data module of the package, MIT, sha256 {SHA256}",
                "address": "https://github.com/pydantic/genai-prices"}]
    sources += [{"id": e["id"], "reason": e["reason"], "address": e["address"]} for e in hand["entry"]]
    text = (f'{{\n  "schema": 1,\n  "version": {json.dumps(hand["version"])},\n'
            f'  "sources": [\n{lines(sources)}\n  ],\n'
            f'  "aliases": [\n{lines(hand["alias"])}\n  ],\n'
            f'  "rows": [\n{lines(map(written, rows))}\n  ]\n}}\n')
    target = HERE / "table.json"
    if "--check" in sys.argv[2:]:
        sys.exit(0 if target.read_text() == text else "table.json differs from what its sources give")
    target.write_text(text)
    print(f"{len(rows)} rows, {len(text)} bytes")


if __name__ == "__main__":
    main()
