#!/bin/sh
# keitod's first read of a history beside other readers of the same logs, from their npm packages.
#
#   benches/peers/run.sh HOME [RUNS]
#
# HOME holds .claude and .codex, as `cargo bench --bench corpus -- --home HOME` writes them. KEITOD is the program
# (target/release/keitod). Each run is in turn: keitod into a fresh state, then each peer without its cache, in a home of its
# own that leads to the same logs. Without npm, or where it cannot reach its registry, it says so and ends well.
set -eu

# Versions can be said otherwise: CCUSAGE=VERSION, TOKSCALE=VERSION.
ccusage=${CCUSAGE:-20.0.24}
tokscale=${TOKSCALE:-1.4.3}

home=$(cd "${1:?say where the logs are: benches/peers/run.sh HOME [RUNS]}" && pwd)
runs=${2:-5}
here=$(cd "$(dirname "$0")/../.." && pwd)
keitod=${KEITOD:-$here/target/release/keitod}

command -v npm >/dev/null || { echo "peers: npm is not here, so nothing is compared"; exit 0; }
[ -x "$keitod" ] || { echo "peers: $keitod is not there: cargo build --release, or KEITOD=PROGRAM"; exit 0; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
install() {
    npm install --loglevel error --no-audit --no-fund --prefix "$work" "$1@$2" >"$work/npm.log" 2>&1 && return
    echo "peers: npm could not install $1 $2, so it is left out: $(grep -m 1 'npm error' "$work/npm.log")"
}
install ccusage "$ccusage"
install tokscale "$tokscale"
bin=$work/node_modules/.bin

# A home that leads to the logs and holds nothing else.
fresh() {
    rm -rf "$work/home" "$work/state"
    mkdir -p "$work/home" "$work/state"
    chmod 700 "$work/state"
    for logs in .claude .codex; do
        [ ! -d "$home/$logs" ] || ln -s "$home/$logs" "$work/home/$logs"
    done
}

# Seconds of a command in a fresh home, after its name into the figures.
took() {
    name=$1
    shift
    [ -x "$1" ] || return 0
    fresh
    begun=$(date +%s.%N)
    if env -i PATH="$PATH" HOME="$work/home" TZ=UTC KEITOD_STATE_DIR="$work/state" KEITOD_SOCKET="$work/state/socket" \
        "$@" >/dev/null 2>"$work/$name.log"; then
        ended=$(date +%s.%N)
        echo "$name $(echo "$ended $begun" | awk '{ print $1 - $2 }')"
    else
        echo "peers: $name failed: $(tail -n 1 "$work/$name.log")" >&2
    fi
}

# Once for the page cache, then in turn.
nth=0
while [ "$nth" -le "$runs" ]; do
    {
        took keitod "$keitod" run --once
        took ccusage "$bin/ccusage" daily --json --offline
        took tokscale "$bin/tokscale" --json --no-spinner
    } >"$work/turn"
    [ "$nth" -eq 0 ] || cat "$work/turn" >>"$work/figures"
    nth=$((nth + 1))
done

grep -q '^keitod ' "$work/figures" || { echo "peers: keitod itself failed, so nothing is compared"; exit 0; }
sort -k1,1 -k2,2n "$work/figures" | awk -v ccusage="ccusage $ccusage" -v tokscale="tokscale $tokscale" '
    { count[$1]++; value[$1, count[$1]] = $2 }
    function middle(name) { return value[name, int((count[name] + 1) / 2)] }
    END {
        base = middle("keitod")
        for (name in count) {
            if (count[name] == 0) continue
            shown = name == "ccusage" ? ccusage : name == "tokscale" ? tokscale : name
            printf "%-18s %.3f s (%.3f to %.3f), %.2f x keitod\n", shown, middle(name), value[name, 1], value[name, count[name]], middle(name) / base
        }
    }'
