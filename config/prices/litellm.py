"""The cost maps of pinned LiteLLM wheels, as rates in USD per million tokens. Only the JSON file is read."""

import hashlib
import json
import re
import zipfile
from decimal import Decimal
from pathlib import Path

MAP = "litellm/model_prices_and_context_window_backup.json"
# Newest first: version, day of its release, sha256 of the wheel.
WHEELS = [
    ("1.109.1", "2026-11-12", "1c8b4dd671fa0cd0850aa751678704ff77e595fb1e6085b2dc3be39ee19bdaaf"),
    ("1.94.1", "2026-07-30", "b0145d6b9fb718d12b7242ce5c975123f4dbfecd7b8ed1eb6a6939b0e506c946"),
    ("1.81.14", "2026-02-22", "6394e61bbdef7121e5e3800349f6b01e9369e7cf611e034f1832750c481abfed"),
]
# Its provider label → our platform.
LABELS = {
    "anthropic": "anthropic", "openai": "openai", "gemini": "google", "xai": "xai", "moonshot": "moonshot",
    "deepseek": "deepseek", "mistral": "mistral", "zai": "zai", "minimax": "minimax", "dashscope": "dashscope",
    "azure": "azure", "vertex_ai-language-models": "vertex",
}
FIELDS = {
    "input_cost_per_token": "input", "output_cost_per_token": "output", "output_cost_per_reasoning_token": "reasoning",
    "cache_read_input_token_cost": "cache_read", "cache_creation_input_token_cost": "cache_write_5m",
}
FIELD = re.compile(rf"({'|'.join(FIELDS)})(_above_1hr|_above_12hr)?(_above_(\d+)k_tokens)?(_flex|_priority|_batches)?")
SERVICES = {"_flex": "flex", "_priority": "priority", "_batches": "batch", None: None}


def source(version):
    return f"litellm {version}"


def per_million(cost):
    """USD per million tokens, without the noise of the map's floats; None if it is finer than money is counted."""
    exact = Decimal(str(cost)) * 1_000_000
    near = exact.quantize(Decimal("0.000001"))
    return near.normalize() if abs(exact - near) < Decimal("0.00000001") else None


class Entry:
    """One key: rates and context tiers by service (None is standard)."""

    def __init__(self, fields, above):
        self.services = {}
        self.fields = fields
        for field, cost in fields.items():
            found = FIELD.fullmatch(field)
            if not found or cost is None:
                continue
            name = FIELDS[found[1]] if not found[2] else "cache_write_1h"
            threshold = int(found[4]) * 1000 if found[4] else None
            tiers = self.services.setdefault(SERVICES[found[5]], {})
            rate = per_million(cost)
            if rate is not None:
                tiers.setdefault(threshold, {})[name] = rate
        for low, tier in enumerate(fields.get("tiered_pricing") or []):
            rates = {FIELDS[field]: per_million(cost) for field, cost in tier.items() if field in FIELDS}
            threshold = int(Decimal(str(tier["range"][0]))) or None
            self.services.setdefault(None, {})[threshold] = rates
        self.above = above

    def rates(self, service):
        return self.services.get(service, {}).get(None, {})

    def context(self, service):
        """Tiers of the whole prompt; a class without a rate in a tier keeps its base rate."""
        tiers = self.services.get(service, {})
        base = tiers.get(None, {})
        return [{self.above: threshold, "rates": base | rates} for threshold, rates in
                sorted((t, r) for t, r in tiers.items() if t is not None) if "input" in rates]

    def sold(self):
        """Whether it is a text model with a price."""
        rates = self.rates(None)
        return (self.fields.get("mode") in ("chat", "responses", "completion")
                and rates.get("input", 0) > 0 and rates.get("output", 0) > 0)


def read(wheels):
    """{version: {(platform, model): Entry}} of the wheels given, in any order."""
    by_hash = {digest: version for version, _, digest in WHEELS}
    maps = {}
    for wheel in wheels:
        version = by_hash.get(hashlib.sha256(Path(wheel).read_bytes()).hexdigest())
        if version is None:
            raise SystemExit(f"{wheel} is none of the pinned wheels")
        with zipfile.ZipFile(wheel) as archive:
            content = json.loads(archive.read(MAP), parse_float=str)
        maps[version] = entries(content)
    missing = set(version for version, _, _ in WHEELS) - set(maps)
    if missing:
        raise SystemExit(f"missing wheels of litellm: {sorted(missing)}")
    return maps


def entries(content):
    found = {}
    for key, fields in content.items():
        platform = LABELS.get(fields.get("litellm_provider"))
        prefix, _, model = key.rpartition("/")
        if platform == "azure" and prefix in ("azure/us", "azure/eu"):
            platform = prefix.replace("/", "-")
        elif key.count("/") > 1:
            continue
        if platform is None or key.startswith("ft:"):
            continue
        above = "from" if platform == "xai" else "above"
        entry = Entry(fields, above)
        # A bare key and a prefixed one may stand side by side; both were equal wherever that was seen.
        if prefix or (platform, model.lower()) not in found:
            found[platform, model.lower()] = entry
    return found
