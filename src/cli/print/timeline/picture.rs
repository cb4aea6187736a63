//! Panels → SVG.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::super::document::Doc;
use super::super::number::clock;
use super::axis;
use super::lanes::{Fill, Lane, Panel, Segment};
use super::svg::{Svg, Tenths, escaped, px};

const WIDTH: i64 = 1200;
/// Names of sessions stand left of it.
const LEFT: i64 = 250;
const RIGHT: i64 = 1176;
const TOP: i64 = 84;
const BAR: i64 = 26;
/// Of a log's marks.
const LOG: i64 = 13;
/// Between lanes.
const SPACE: i64 = 20;
/// Of a panel without its lanes: its day above, its hours below.
const HEAD: i64 = 34;
const FOOT: i64 = 44;
/// Letters of a name that fit left of the lanes.
const NAME: usize = 34;

/// Fills are patterns first and colours second: on paper without colours they stay apart.
const STYLE: &str = r##"<style>
text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;font-size:12px;fill:#1b1f24}
.title{font-size:19px;font-weight:600}
.sub,.hour,.log,.none{fill:#57606a}
.day{font-size:14px;font-weight:600}
.hour{font-size:11px;text-anchor:middle}
.log{font-size:10px}
.name{font-weight:600}
.sum{text-anchor:end;font-variant-numeric:tabular-nums}
.grid{stroke:#d0d7de;stroke-width:1}
.in{fill:#1b1f24;font-size:11px;text-anchor:middle}
.on{fill:#fff;font-size:11px;text-anchor:middle}
.plate{fill:#fff;fill-opacity:.85}
.track{fill:#f6f8fa}
.billed{fill:#1f5fa8}
.waits{fill:url(#waits);stroke:#1f5fa8;stroke-width:1}
.beside{fill:url(#beside);stroke:#6e7781;stroke-width:1}
.human{fill:url(#human)}
.dropped{fill:url(#dropped);stroke:#8c959f;stroke-width:1;stroke-dasharray:3 2}
.request{stroke:#1b1f24;stroke-width:1}
.event{stroke:#1f5fa8;stroke-width:1}
</style>
<defs>
<pattern id="waits" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="7" height="7" fill="#eaf2fb"/><rect width="3" height="7" fill="#1f5fa8"/></pattern>
<pattern id="beside" width="6" height="6" patternUnits="userSpaceOnUse"><rect width="6" height="6" fill="#fff"/><rect y="0" width="6" height="2" fill="#9aa4ae"/></pattern>
<pattern id="human" width="7" height="7" patternUnits="userSpaceOnUse"><rect width="7" height="7" fill="#fdf3d8"/><circle cx="3.5" cy="3.5" r="1.3" fill="#9a6700"/></pattern>
<pattern id="dropped" width="10" height="10" patternUnits="userSpaceOnUse"><rect width="10" height="10" fill="#fff"/></pattern>
</defs>"##;

/// The picture.
pub(super) fn draw(document: Doc<'_>, panels: &[Panel]) -> String {
    let zone = document.zone();
    let height = TOP + panels.iter().map(panel_height).sum::<i64>() + 70;
    let what = title(document);
    let mut svg = Svg::default();
    svg.raw(&format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" role="img">"#
    ));
    svg.raw(&format!("<title>{}</title>", escaped(&what)));
    svg.raw(STYLE);
    svg.raw(&format!(r##"<rect width="{WIDTH}" height="{height}" fill="#fff"/>"##));
    svg.text("title", (px(24), px(36)), &what);
    svg.text("sub", (px(24), px(58)), &rule(document));
    let mut top = TOP;
    for panel in panels {
        draw_panel(&mut svg, panel, top, &zone);
        top += panel_height(panel);
    }
    if panels.is_empty() {
        svg.text("none", (px(24), px(TOP + 10)), "no time to show");
    }
    legend(&mut svg, panels, top + 20);
    svg.raw("</svg>");
    svg.0
}

fn title(document: Doc<'_>) -> String {
    let id = document.at("id").text();
    match document.at("kind").str() {
        Some("day") => format!("Agent time on {id}"),
        Some("session") => format!("Agent time of session {id}"),
        Some("held") => format!("Waiting work {id}"),
        _ => {
            let item = document.at("queue").at("item");
            let what = if item.at("kind").str() == Some("entry") { "Time entry" } else { "Expense" };
            format!("{what} {id}")
        }
    }
}

fn rule(document: Doc<'_>) -> String {
    let rule = document.at("time_rule");
    let zone = document.at("timezone").str().map_or_else(|| "UTC".to_owned(), super::super::plain);
    format!(
        "Times in {zone}. Rule {}: a gap of up to {} counts if the agent or a tool ends it, a longer one as far as the log proves work.",
        rule.at("name").text(),
        clock(rule.at("idle_gap_seconds").count())
    )
}

fn lane_height(lane: &Lane) -> i64 {
    let logs = if lane.logs.len() > 1 { i64::try_from(lane.logs.len()).unwrap_or(0) } else { 0 };
    BAR + 8 + logs * LOG + SPACE
}

fn panel_height(panel: &Panel) -> i64 {
    HEAD + panel.lanes.iter().map(lane_height).sum::<i64>() + FOOT
}

struct Scale {
    range: (i64, i64),
}

impl Scale {
    fn x(&self, second: i64) -> Tenths {
        let (start, end) = self.range;
        let width = (RIGHT - LEFT) * 10;
        let at = second.clamp(start, end) - start;
        Tenths(LEFT * 10 + at * width / (end - start).max(1))
    }
}

fn draw_panel(svg: &mut Svg, panel: &Panel, top: i64, zone: &TimeZone) {
    let scale = Scale { range: panel.range };
    let counted: u64 = panel.lanes.iter().map(|lane| counted(&lane.segments)).sum();
    svg.text("day", (px(24), px(top + 16)), &panel.day.strftime("%A, %Y-%m-%d").to_string());
    svg.text("sum", (px(RIGHT), px(top + 16)), &format!("{} at work", clock(counted)));
    let (above, below) = (top + HEAD - 6, top + panel_height(panel) - FOOT);
    for (at, label) in axis::ticks(panel, zone) {
        svg.line("grid", (scale.x(at), px(above)), (scale.x(at), px(below)));
        svg.text("hour", (scale.x(at), px(below + 15)), &label);
    }
    let mut y = top + HEAD;
    for lane in &panel.lanes {
        draw_lane(svg, lane, y, &scale, zone);
        y += lane_height(lane);
    }
}

fn draw_lane(svg: &mut Svg, lane: &Lane, y: i64, scale: &Scale, zone: &TimeZone) {
    let short: String = lane.session.chars().take(13).collect();
    let short = if short.len() < lane.session.len() { format!("{short}…") } else { short };
    svg.text("name", (px(24), px(y + 11)), &cut(&format!("{} {short}", lane.agent), NAME));
    let places = if lane.places.is_empty() { String::new() } else { format!(", {}", lane.places.join(", ")) };
    svg.text("sub", (px(24), px(y + 26)), &cut(&format!("{}{places}", clock(counted(&lane.segments))), NAME));
    svg.rect("track", (px(LEFT), px(y)), (px(RIGHT - LEFT), px(BAR)));
    for segment in &lane.segments {
        let (from, to) = (scale.x(segment.start), scale.x(segment.end));
        if segment.end <= scale.range.0 || segment.start >= scale.range.1 {
            continue;
        }
        // Half a pixel at least: short work among long waits must not vanish.
        let width = Tenths((to.0 - from.0).max(5));
        let title = told(segment, zone);
        svg.told_rect(segment.fill.word(), (from, px(y)), (width, px(BAR)), (segment.seconds(), &title));
        label(svg, segment, (from, width), y);
    }
    svg.marks("request", lane.requests.iter().map(|at| scale.x(*at)), px(y + BAR + 1), px(5));
    if lane.logs.len() > 1 {
        for (row, (name, at)) in lane.logs.values().enumerate() {
            let y = y + BAR + 8 + i64::try_from(row).unwrap_or(0) * LOG;
            svg.text("log", (px(36), px(y + 9)), &cut(name, NAME - 2));
            svg.marks("event", at.iter().map(|at| scale.x(*at)), px(y + 2), px(8));
        }
    }
}

/// The length, where there is room for it; on a plate of its own where the fill is a pattern.
fn label(svg: &mut Svg, segment: &Segment, (from, width): (Tenths, Tenths), y: i64) {
    let text = clock(segment.seconds());
    let room = i64::try_from(text.len()).unwrap_or(0) * 65 + 100;
    if width.0 < room + 60 {
        return;
    }
    let middle = Tenths(from.0 + width.0 / 2);
    let plain = matches!(segment.fill, Fill::Billed | Fill::Dropped);
    if !plain {
        svg.rect("plate", (Tenths(middle.0 - room / 2), px(y + 5)), (Tenths(room), px(BAR - 10)));
    }
    svg.text(if segment.fill == Fill::Billed { "on" } else { "in" }, (middle, px(y + 17)), &text);
}

fn counted(segments: &[Segment]) -> u64 {
    let work = segments.iter().filter(|of| !matches!(of.fill, Fill::Human | Fill::Dropped));
    work.map(Segment::seconds).sum()
}

fn told(segment: &Segment, zone: &TimeZone) -> String {
    let at = |second: i64| {
        let at = Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH);
        at.to_zoned(zone.clone()).strftime("%H:%M:%S").to_string()
    };
    let note = if segment.note.is_empty() { String::new() } else { format!(": {}", segment.note) };
    let (from, to, length) = (at(segment.start), at(segment.end), clock(segment.seconds()));
    format!("{from} to {to}, {length}, {}{note}", segment.fill.told())
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

/// Only what is in the picture, with its sum.
fn legend(svg: &mut Svg, panels: &[Panel], y: i64) {
    let mut sums: BTreeMap<Fill, u64> = BTreeMap::new();
    for segment in panels.iter().flat_map(|panel| &panel.lanes).flat_map(|lane| &lane.segments) {
        *sums.entry(segment.fill).or_default() += segment.seconds();
    }
    let mut x = 24;
    for fill in Fill::ALL {
        let Some(seconds) = sums.get(&fill) else { continue };
        svg.rect(fill.word(), (px(x), px(y)), (px(26), px(14)));
        let text = format!("{} {}", fill.told(), clock(*seconds));
        svg.text("legend", (px(x + 33), px(y + 11)), &text);
        x += 33 + i64::try_from(text.chars().count()).unwrap_or(0) * 7 + 22;
    }
    if panels.iter().flat_map(|panel| &panel.lanes).any(|lane| !lane.requests.is_empty()) {
        svg.marks("request", [px(x + 4)].into_iter(), px(y + 3), px(8));
        svg.text("legend", (px(x + 12), px(y + 11)), "a request");
    }
}
