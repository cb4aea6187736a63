"""The data module of the genai-prices wheel: parsed, never run. Its models become rows of our table."""

import ast
import hashlib
import re
import zipfile
from datetime import date
from decimal import Decimal
from pathlib import Path

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

# Our name for a provider of the data. Claude on `aws` and `google` has rules of its own below.
PLATFORMS = {
    "anthropic": "anthropic", "openai": "openai", "google": "google", "x-ai": "xai", "moonshotai": "moonshot",
    "deepseek": "deepseek", "mistral": "mistral", "zai": "zai", "minimax": "minimax", "meta": "meta",
    "cursor": "cursor", "github-copilot": "github-copilot", "openrouter": "openrouter", "fireworks": "fireworks",
    "groq": "groq", "cerebras": "cerebras", "together": "together", "baseten": "baseten", "cohere": "cohere",
}

# Text is not all that these are asked for, and no log tells their other tokens apart.
NOT_TEXT = re.compile(r"audio|realtime|image|tts|transcribe|embed|live|lyria|robotics|omni|voice|moderation|ocr")


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


def keys(provider, model):
    """The (platform, model) pairs that an entry of the data stands for; empty: not a row."""
    if provider == "anthropic":
        return [("anthropic", re.sub(r"-latest$", "", re.sub(r"-4-0$", "-4", model)))]
    if provider == "aws":
        found = re.fullmatch(r"(global|regional)\.(?:[a-z]+\.)(.+?)(-\d{8})?(-v\d+(:\d+)?)?", model)
        return [(f"aws-{found[1]}", found[2])] if found else []
    if provider == "google" and model.startswith("claude-"):
        # One entry of the data covers Opus 4 and 4.1 (its match clause names both).
        names = {"claude-4-opus": ["claude-opus-4", "claude-opus-4-1"], "claude-4-sonnet": ["claude-sonnet-4"]}
        return [("vertex", name) for name in names.get(model, [model])]
    platform = PLATFORMS.get(provider)
    if platform == "moonshot":
        return [(platform, model.lower().removesuffix("-preview"))]
    return [(platform, model.lower())] if platform else []


def equal_names(clause):
    """The exact names in a match clause; its looser clauses (prefix, contains, regex) are not used."""
    if isinstance(clause, Call):
        if clause.name == "ClauseEquals":
            return {clause.get("equals").lower()}
        if clause.name == "ClauseOr":
            return set().union(*(equal_names(item) for item in clause.fields.values()))
        return set()
    if isinstance(clause, list):
        return set().union(*(equal_names(item) for item in clause)) if clause else set()
    return set()


def edge(start):
    """The key and threshold of a tier. The data's tiers begin above `start`; 199,999 stands for an inclusive 200,000."""
    return ("from", start + 1) if start % 1000 == 999 else ("above", start)


def rates(prices):
    """(rates, context tiers) of one ModelPrice, text tokens and searches only."""
    base, tiers = {}, {}
    for field, price in prices.fields.items():
        name = CLASSES.get(field)
        if name is None or price is None:
            continue
        if isinstance(price, Call):
            base[name] = price.get("base")
            for tier in price.get("tiers"):
                tiers.setdefault(edge(tier.get("start")), {})[name] = tier.get("price")
        else:
            base[name] = price
    # A rate finer than money is counted (a millionth of a dollar per million tokens) is no rate.
    base = {name: rate for name, rate in base.items() if rate == round(rate, 6)}
    # The whole request switches: a class without a tier of its own keeps its rate.
    context = [{kind: least, "rates": base | tier} for (kind, least), tier in sorted(tiers.items(), key=lambda t: t[0][1])]
    return base, context


def instant(day):
    return f"{day.isoformat()}T00:00:00Z"


def dated(prices):
    """(from, to, ModelPrice) of a model's price list; the data's dates are UTC days. None: it has windows of the day."""
    if isinstance(prices, Call):
        return [(None, None, prices)]
    starts = []
    for conditional in prices:
        constraint = conditional.get("constraint")
        if constraint is not None and constraint.name != "StartDateConstraint":
            return None
        starts.append((instant(constraint.get("start_date")) if constraint else None, conditional.get("prices")))
    starts.sort(key=lambda item: item[0] or "")
    ends = [start for start, _ in starts[1:]] + [None]
    return [(start, end, price) for (start, price), end in zip(starts, ends)]


def variant_of(variant):
    """The (speed, service) of a variant and the day it was read; None: no variant of ours."""
    when, constraint = variant.get("when"), variant.get("constraint")
    since = instant(constraint.get("start_date")) if constraint else None
    term = {("processing", "batch"): (None, "batch"), ("service_tier", "flex"): (None, "flex"),
            ("service_tier", "priority"): (None, "priority"), ("speed", "fast"): ("fast", None)}
    named = term.get(next(iter(when.items())))
    return (*named, since, variant.get("prices")) if named else None


def tables(data, excluded):
    """(rows, variants, aliases). A variant is a row without a range: the merge gives it one."""
    rows, variants, aliases = [], [], []
    for provider, content in data.items():
        for model in content.get("models"):
            for platform, name in keys(provider, model.get("id")):
                if (platform, name) in excluded or NOT_TEXT.search(name):
                    continue
                mine = price_rows(platform, name, model)
                if not mine:
                    continue
                rows += [row for row in mine if not any(same(row, other) for other in rows)]
                aliases += [(platform, alias, name) for alias in sorted(equal_names(model.get("match")) - {name})
                            if provider not in ("anthropic", "aws") and platform != "vertex"]
                for variant in model.get("price_variants") or []:
                    found = variant_of(variant)
                    if found:
                        base, context = rates(found[3])
                        variants.append({"platform": platform, "model": name, "speed": found[0], "service": found[1],
                                         "since": found[2], "rates": base, "context": context})
    return rows, variants, aliases


def price_rows(platform, name, model):
    ranges = dated(model.get("prices"))
    if ranges is None:
        raise SystemExit(f"{platform}/{name} has windows of the day: exclude it in the overlay and write its rows there")
    mine = []
    for start, end, prices in ranges:
        base, context = rates(prices)
        if platform == "openrouter" and name.endswith(":free") and not base:
            base = {"input": Decimal(0), "output": Decimal(0)}
        if "input" in base and "output" in base:
            mine.append({"platform": platform, "model": name, "speed": None, "service": None, "from": start, "to": end,
                         "rates": base, "context": context, "source": [BASE]})
    return mine


def same(row, other):
    """Two entries of one model at one price (Bedrock lists snapshots); at different prices the build must fail."""
    if any(row[k] != other[k] for k in ("platform", "model", "from", "to")):
        return False
    if row["rates"] != other["rates"] or row["context"] != other["context"]:
        raise SystemExit(f"two prices for {row['platform']}/{row['model']}")
    return True
