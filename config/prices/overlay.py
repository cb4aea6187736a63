"""The hand-written files over the generated rows."""

from decimal import Decimal

from merge import every_rates, tokens


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
             and (speed == "any" or row["speed"] == speed)
             and ("service" not in entry or row["service"] == entry["service"])]
    if "but_prefix" in entry:
        found = [row for row in found if not row["model"].startswith(entry["but_prefix"])]
    missing = set(models or []) - {row["model"] for row in found}
    if missing or not found:
        raise SystemExit(f"overlay {entry['id']}: no row for {sorted(missing) or platforms}")
    return found


def new_row(new, mark):
    context = [{k: v for k, v in t.items() if k != "rates"} | {"rates": decimals(t["rates"])} for t in new.get("context", [])]
    return {"platform": new["platform"], "model": new["model"], "speed": new.get("speed"), "service": None,
            "from": new.get("from"), "to": new.get("to"), "window": new.get("window"), "rates": decimals(new["rates"]),
            "context": context, "multiply": {}, "committed": False, "source": [mark]}


def clone(row, **changes):
    """A copy that shares no table with the row."""
    copied = row | {"rates": dict(row["rates"]), "multiply": dict(row["multiply"]), "source": list(row["source"]),
                    "context": [t | {"rates": dict(t["rates"])} for t in row["context"]]}
    return copied | changes


def apply(rows, entries):
    for entry in entries:
        mark = entry["id"]
        rows += [new_row(new, mark) for new in entry.get("row", [])]
        for model, copies in entry.get("copies", {}).items():
            one = {"id": mark, "platforms": entry["on"], "models": [model], "speed": "any"}
            rows += [clone(row, model=name, source=[*row["source"], mark]) for row in matching(one, rows) for name in copies]
        if "platforms" not in entry:
            continue
        for row in matching(entry, rows):
            if "derive" in entry:
                rows.append(derived(row, entry["derive"], mark))
                continue
            if change(row, entry, rows):
                row["source"] = [*row["source"], mark]
    return rows


def change(row, entry, rows):
    """Whether the entry changed the row."""
    mark, before = entry["id"], clone(row)
    if "redirect" in entry:
        redirect(row, entry["redirect"], mark, rows)
    if "multiply" in entry:
        row["multiply"] = decimals(entry["multiply"]) | row["multiply"] if entry.get("unless_known") \
            else row["multiply"] | decimals(entry["multiply"])
    for field in ("committed", "searches_excluded"):
        if entry.get(field):
            row[field] = True
    if "to" in entry and not row["to"]:
        row["to"] = entry["to"]
    if "from" in entry and not row["from"]:
        row["from"] = entry["from"]
    if entry.get("no_long_context"):
        for tier_ in row["context"]:
            tier_["rates"] = {}
    for rates in every_rates(row):
        for name, price in decimals(entry.get("rates", {})).items():
            rates.setdefault(name, price)
        for name, other in entry.get("like", {}).items():
            if name not in rates:
                rates[name] = rates[other]
                if entry.get("assumed"):
                    row["assumed"] = sorted({*row.get("assumed", []), name})
    if "context" in entry:
        rule = entry["context"]
        if row["context"] or (rule.get("to") and row["from"]):
            raise SystemExit(f"overlay {mark}: {row['platform']}/{row['model']} has tiers or dates already")
        if "to" in rule:
            rows.append(clone(row, **{"from": rule["to"], "source": [*row["source"], mark]}))
            row["to"] = rule["to"]
        row["context"] = [tier(row["rates"], rule)]
    return row != before


def redirect(row, rule, mark, rows):
    """From an instant on the name is served and billed as another model."""
    if row["to"] or row["from"]:
        raise SystemExit(f"overlay {mark}: {row['model']} has dates already")
    row["to"] = rule["from"]
    for target in [r for r in rows if r["platform"] == row["platform"] and r["model"] == rule["model"]]:
        if target["speed"] != row["speed"] or target["from"] or target["to"]:
            raise SystemExit(f"overlay {mark}: {rule['model']} has variants or dates")
        rows.append(clone(target, model=row["model"], source=[*target["source"], mark], **{"from": rule["from"]}))


def derived(row, rule, mark):
    times = Decimal(rule["times"])

    def scale(rates):
        return {k: v * times if k in tokens(rates) else v for k, v in rates.items()}

    return clone(row, platform=rule["platform"], rates=scale(row["rates"]), source=[*row["source"], mark],
                 context=[t | {"rates": scale(t["rates"])} for t in row["context"]])
