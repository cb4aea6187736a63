"""Rows of one source and evidence of another become one table; what they disagree on must be decided by hand."""

import re
from datetime import date, timedelta
from decimal import Decimal

import genai
import litellm

FEES = ("web_search",)
# Vendors whose own list this is: a disagreement here stops the generation.
FIRST_PARTY = ("anthropic", "openai", "google", "xai", "moonshot", "deepseek", "mistral", "zai", "minimax", "dashscope")
# Not text: priced by the second, the picture or the minute, or fine-tunes.
NOT_TEXT = re.compile(r"audio|realtime|image|tts|transcribe|embed|live|lyria|robotics|omni|voice|moderation|learnlm|gemma")
DATED = re.compile(r"-(\d{8}|\d{4}-\d{2}-\d{2})$")


def tokens(rates):
    return {name: rate for name, rate in rates.items() if name not in FEES}


def holds(row, instant):
    return (row["from"] or "") <= instant and (row["to"] is None or instant < row["to"])


def noon(day):
    return f"{day}T12:00:00Z"


def midnight(day, after=0):
    return f"{date.fromisoformat(day) + timedelta(days=after)}T00:00:00Z"


class Decisions:
    """What the overlay says about disagreements. One that decides nothing is stale and stops the generation too."""

    def __init__(self, entries):
        self.open = {(d["platform"], model, d["of"]): d for d in entries for model in d["models"]}
        self.used, self.missing = set(), []

    def decide(self, platform, model, of, what):
        key = (platform, model, of)
        if key not in self.open:
            self.missing.append(f"{platform}/{model} {of}: {what}")
            return None
        self.used.add(key)
        return self.open[key]

    def settle(self):
        stale = [key for key in self.open if key not in self.used]
        if self.missing or stale:
            text = "\n".join(self.missing + [f"decides nothing: {key}" for key in stale])
            raise SystemExit(f"the sources disagree; decide each in vendors.toml:\n{text}")


def differing(one, other):
    return {name for name in one.keys() & other.keys() if name != "reasoning" and one[name] != other[name]}


def compare(rows, maps, decisions):
    """The newest cost map against each first-party row of its day."""
    version, day, _ = litellm.WHEELS[0]
    for row in rows:
        if row["platform"] not in FIRST_PARTY or row["speed"] or row["service"] or not holds(row, noon(day)):
            continue
        entry = maps[version].get((row["platform"], row["model"]))
        if entry is None or not entry.sold() or genai.BASE not in row["source"]:
            continue
        theirs = entry.rates(None)
        mine = {k: v for k, v in row["rates"].items()}
        wrong = differing(mine, theirs)
        if not wrong and row["context"] and entry.context(None):
            wrong = {f"{k} above" for k in differing(row["context"][0]["rates"], entry.context(None)[0]["rates"])}
        if not wrong and len(row["context"]) != len(entry.context(None)):
            wrong = {"context tiers"}
        if wrong:
            what = ", ".join(f"{k} {mine.get(k, '')} / {theirs.get(k, '')}" for k in sorted(wrong))
            decisions.decide(row["platform"], row["model"], "rates", what)


def compare_aliases(rows, aliases, maps, decisions):
    """A name that the first source leads to a model, against the price that the newest map has for the name."""
    version, day, _ = litellm.WHEELS[0]
    for platform, name, model in aliases:
        entry = maps[version].get((platform, name))
        if platform not in FIRST_PARTY or entry is None or not entry.sold():
            continue
        now = [r for r in rows if (r["platform"], r["model"]) == (platform, model) and holds(r, noon(day))]
        wrong = differing(now[0]["rates"], entry.rates(None)) if now else {"dates"}
        if wrong:
            mine = now[0]["rates"] if now else {}
            what = ", ".join(f"{k} {mine.get(k, '')} / {entry.rates(None).get(k, '')}" for k in sorted(wrong))
            decisions.decide(platform, name, "alias", f"{model}: {what}")


# Service tiers.


def scaled_tier(base, tier, variant):
    """The tier of a variant that lists none: the variant's rates, raised as the standard rates are."""
    rates = dict(tier)
    for name, rate in tokens(variant).items():
        if base.get(name):
            rates[name] = tier[name] * rate / base[name]
    return rates


def completed(row, rates, context, named):
    """A variant with the classes it does not name taken from the standard row; those that another sighting of the same
    variant names move with its input rate."""
    moved = {name: row["rates"][name] * rates["input"] / row["rates"]["input"]
             for name in named if name in row["rates"] and name not in rates and row["rates"]["input"]}
    full = row["rates"] | moved | rates
    tiers = []
    for tier in row["context"]:
        kind = "from" if "from" in tier else "above"
        own = next((t for t in context if t.get(kind) == tier[kind]), None)
        explicit = own["rates"] if own and own["rates"] != rates else None
        tiers.append({kind: tier[kind], "rates": tier["rates"] | explicit if explicit
                      else scaled_tier(row["rates"], tier["rates"], full)})
    return full, tiers


def candidates(row, service, variants, maps):
    """(source, rates, context) of a service tier of this row, the best source first."""
    for variant in variants:
        if variant["service"] == service and holds(row, variant["since"] or row["from"] or ""):
            yield genai.BASE, variant["rates"], variant["context"]
    for version, day, _ in litellm.WHEELS:
        entry = maps[version].get((row["platform"], row["model"]))
        # A map may lag behind a change: it describes the row whose price it shows, if that had begun.
        if entry is None or (row["from"] or "") > noon(day):
            continue
        base, rates = entry.rates(None), entry.rates(service)
        agrees = base.get("input") == row["rates"]["input"] and base.get("output") == row["rates"]["output"]
        if agrees and "input" in rates and "output" in rates:
            yield litellm.source(version), rates, entry.context(service)


def service_rows(rows, variants, maps, decisions):
    """Rows of batch, flex and priority over the whole range of each standard row that any source describes."""
    by_key = {}
    for variant in variants:
        by_key.setdefault((variant["platform"], variant["model"]), []).append(variant)
    added = []
    for row in rows:
        if row["platform"] not in ("openai", "google", "xai", "mistral", "azure", "groq", "vertex"):
            continue
        if row["model"].startswith("claude-"):
            continue
        for service in ("batch", "flex", "priority"):
            known = list(candidates(row, service, by_key.get((row["platform"], row["model"]), []), maps))
            if not known:
                continue
            for other in known[1:]:
                wrong = differing(known[0][1], other[1])
                if wrong and row["platform"] in FIRST_PARTY:
                    what = f"{known[0][0]} {known[0][1]} / {other[0]} {other[1]}"
                    decisions.decide(row["platform"], row["model"], service, what)
            source, rates, context = known[0]
            named = set().union(*(v["rates"] for v in by_key.get((row["platform"], row["model"]), [])
                                  if v["service"] == service))
            full, tiers = completed(row, tokens(rates), context, named if source != genai.BASE else set())
            added.append(row | {"service": service, "rates": full, "context": tiers,
                                "source": list(dict.fromkeys([*row["source"], source]))})
    return rows + added


# Models that the first source lacks.


def missing_rows(rows, aliases, excluded, maps):
    known = {(row["platform"], row["model"]) for row in rows} | {(p, name) for p, name, _ in aliases} | excluded
    found = {}
    for version, day, _ in litellm.WHEELS:
        for key, entry in maps[version].items():
            if key[0] in ("anthropic", "vertex", "azure-us", "azure-eu") or not entry.sold() or NOT_TEXT.search(key[1]) or key in known:
                continue
            # A snapshot of a model that is known stands at its price, unless that differs.
            base = DATED.sub("", key[1])
            if base != key[1] and ((key[0], base) in known or same_price(maps[version], key, base, entry)):
                continue
            found.setdefault(key, []).append((version, day, entry))
    return [row for key, seen in found.items() for row in history(key, seen)]


def same_price(entries, key, base, entry):
    other = entries.get((key[0], base))
    return other is not None and other.services.get(None) == entry.services.get(None)


def history(key, seen):
    """Rows from dated sightings, the newest first. Between two prices the day of the change is unknown: no row."""
    groups = []
    for version, day, entry in seen:
        shape = (tokens(entry.rates(None)), entry.context(None))
        if groups and agree(groups[-1]["shape"], shape):
            groups[-1]["first"] = day
        else:
            groups.append({"shape": shape, "last": day, "first": day, "version": version, "entry": entry})
    rows = []
    for at, group in enumerate(groups):
        rates, context = group["shape"]
        rows.append({"platform": key[0], "model": key[1], "speed": None, "service": None,
                     "from": None if at == len(groups) - 1 else midnight(group["first"]),
                     "to": None if at == 0 else midnight(group["last"], 1),
                     "rates": dict(rates), "context": context, "source": [litellm.source(group["version"])]})
    return rows


def agree(one, other):
    """Whether two sightings show one price; an older one may name fewer classes."""
    return not differing(one[0], other[0]) and len(one[1]) == len(other[1])


def resold(rows, maps, platform, home):
    """Rows of `home` on a platform that sells at its list: only models whose price the newest map confirms there."""
    version, day, _ = litellm.WHEELS[0]
    added = []
    for key, entry in maps[version].items():
        if key[0] != platform or not entry.sold() or NOT_TEXT.search(key[1]):
            continue
        mine = [row for row in rows if (row["platform"], row["model"]) == (home, key[1])]
        now = [row for row in mine if holds(row, noon(day)) and not row["service"]]
        if now and not differing(now[0]["rates"], entry.rates(None)):
            added += [row | {"platform": platform, "source": [*row["source"], litellm.source(version)]} for row in mine]
    return added


# What holds for a vendor as a whole.


def uplifts(rows, maps):
    """Factors for processing in a region, as the newest map has them: OpenAI's by name, Azure's as a list of its own."""
    entries = maps[litellm.WHEELS[0][0]]
    for row in rows:
        for term, place in (("us", "azure-us"), ("regional", "azure-eu")):
            entry = entries.get((place, row["model"])) if row["platform"] == "azure" else None
            if entry and all(entry.rates(None).get(k) == row["rates"][k] * Decimal("1.1") for k in ("input", "output")):
                row["multiply"][term] = Decimal("1.1")
    for row in rows:
        entry = entries.get((row["platform"], row["model"]))
        fields = entry.fields if entry and row["platform"] == "openai" else {}
        for term, place in (("us", "us"), ("regional", "eu")):
            factor = fields.get(f"regional_processing_uplift_multiplier_{place}")
            if factor is not None:
                row["multiply"][term] = Decimal(str(factor))


def long_writes(rows, maps):
    """OpenAI's cache writes that are kept for 12 hours: twice those of 30 minutes on every model that the map lists."""
    entries = maps[litellm.WHEELS[0][0]]
    for row in rows:
        if row["platform"] not in ("openai", "azure") or "cache_write_5m" not in row["rates"]:
            continue
        entry = entries.get((row["platform"], row["model"]))
        listed = entry.rates(None) if entry else {}
        if "cache_write_1h" in listed and listed["cache_write_1h"] != 2 * listed["cache_write_5m"]:
            raise SystemExit(f"12-hour cache writes of {row['model']} are not twice those of 30 minutes")
        for rates in every_rates(row):
            rates["cache_write_1h"] = 2 * rates["cache_write_5m"]


def every_rates(row):
    yield row["rates"]
    for tier in row["context"]:
        if tier["rates"]:
            yield tier["rates"]


def folded(rows):
    """Service rows that are the standard row times one factor become that factor."""
    standard = {}
    for row in rows:
        if not row["service"] and not row.get("window"):
            standard[row["platform"], row["model"], row["speed"], row["from"]] = row
    kept = []
    for row in rows:
        base = standard.get((row["platform"], row["model"], row["speed"], row["from"]))
        factor = times(base, row) if row["service"] and base else None
        if factor is None:
            kept.append(row)
            continue
        base["multiply"][row["service"]] = factor
        base["source"] = list(dict.fromkeys([*base["source"], *row["source"]]))
    return kept


def times(base, row):
    if base["to"] != row["to"] or len(base["context"]) != len(row["context"]):
        return None
    pairs = list(zip(every_rates(base), every_rates(row)))
    if len(pairs) != 1 + len(row["context"]):
        return None
    factor = row["rates"]["input"] / base["rates"]["input"] if base["rates"]["input"] else None
    if factor is None or factor != factor.quantize(Decimal("0.0001")):
        return None
    same = all(tokens(b).keys() == tokens(r).keys() and all(r[k] == v * factor for k, v in tokens(b).items())
               for b, r in pairs)
    return factor if same else None
