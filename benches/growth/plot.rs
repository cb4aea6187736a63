//! A picture of the figures: both axes go by powers of ten, so a cost that grows in proportion is a slope of one and one
//! that does not grow is level.

use std::fmt::Write as _;

/// Points of one figure.
pub struct Line {
    pub name: &'static str,
    pub points: Vec<(f64, f64)>,
}

/// One growth.
pub struct Panel {
    pub title: String,
    /// Where what was measured stands.
    pub marks: Vec<(f64, String)>,
    pub lines: Vec<Line>,
}

const WIDE: f64 = 460.0;
const HIGH: f64 = 300.0;
const EDGE: f64 = 60.0;
/// Told apart without their hue as well, by their dashes.
const COLORS: [&str; 5] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#555555"];
const DASHES: [&str; 5] = ["", "6 3", "2 3", "8 3 2 3", "12 4"];

/// The panels side by side.
pub fn svg(panels: &[Panel]) -> String {
    let wide = (WIDE + EDGE) * panels.len() as f64 + EDGE;
    let legend = panels.first().map_or(0, |panel| panel.lines.len()) as f64 * 18.0;
    let high = HIGH + 2.0 * EDGE + legend;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {wide} {high}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    let values =
        || panels.iter().flat_map(|panel| &panel.lines).flat_map(|line| &line.points).map(|point| point.1);
    let low = values().fold(f64::MAX, f64::min).max(1e-3).log10().floor();
    let top = values().fold(f64::MIN, f64::max).max(1e-2).log10().ceil().max(low + 1.0);
    for (nth, panel) in panels.iter().enumerate() {
        draw(panel, EDGE + (WIDE + EDGE) * nth as f64, (low, top), &mut out);
    }
    if let Some(panel) = panels.first() {
        for (nth, line) in panel.lines.iter().enumerate() {
            let y = HIGH + 2.0 * EDGE + 18.0 * nth as f64 - 8.0;
            let _ = writeln!(
                out,
                "<line x1=\"{EDGE}\" x2=\"{}\" y1=\"{y}\" y2=\"{y}\" stroke=\"{}\" stroke-width=\"2\" stroke-dasharray=\"{}\"/>\
                 <text x=\"{}\" y=\"{}\">{}</text>",
                EDGE + 40.0,
                COLORS[nth % 5],
                DASHES[nth % 5],
                EDGE + 50.0,
                y + 4.0,
                line.name
            );
        }
    }
    out.push_str("</svg>\n");
    out
}

fn draw(panel: &Panel, left: f64, (low, top): (f64, f64), out: &mut String) {
    let ends = panel.marks.iter().map(|mark| mark.0.max(1.0).log10());
    let (first, last) = ends.fold((f64::MAX, f64::MIN), |(a, b), at| (a.min(at), b.max(at)));
    let x = |at: f64| left + 30.0 + (at.max(1.0).log10() - first) / (last - first).max(0.1) * (WIDE - 90.0);
    let y = |value: f64| EDGE + HIGH - (value.max(1e-3).log10() - low) / (top - low) * HIGH;
    let _ =
        writeln!(out, "<text x=\"{left}\" y=\"{}\" font-weight=\"bold\">{}</text>", EDGE - 20.0, panel.title);
    let mut power = low;
    while power <= top {
        let at = y(10_f64.powf(power));
        let _ = writeln!(
            out,
            "<line x1=\"{left}\" x2=\"{}\" y1=\"{at}\" y2=\"{at}\" stroke=\"#ddd\"/>\
             <text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
            left + WIDE - 30.0,
            left - 6.0,
            at + 4.0,
            10_f64.powf(power)
        );
        power += 1.0;
    }
    for (at, label) in &panel.marks {
        let _ = writeln!(
            out,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{label}</text>",
            x(*at),
            EDGE + HIGH + 18.0
        );
    }
    for (nth, line) in panel.lines.iter().enumerate() {
        let (color, dash) = (COLORS[nth % 5], DASHES[nth % 5]);
        let points: Vec<String> =
            line.points.iter().map(|(at, value)| format!("{:.1},{:.1}", x(*at), y(*value))).collect();
        let _ = writeln!(
            out,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"2\" stroke-dasharray=\"{dash}\"/>",
            points.join(" ")
        );
        for (at, value) in &line.points {
            let _ = writeln!(
                out,
                "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\" fill=\"{color}\"/>",
                x(*at),
                y(*value)
            );
        }
    }
}
