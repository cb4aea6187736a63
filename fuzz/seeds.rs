//! Writes what the fixtures hold for each source into `corpus/<agent>/`.

#[path = "inputs.rs"]
mod inputs;

use std::fs;
use std::path::Path;

use keitod::sources::all;

/// Larger ones make the fuzzer slow and find nothing that smaller ones do not.
const LARGEST: usize = 64 << 10;

fn main() -> std::io::Result<()> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    for source in all() {
        let agent = source.agent();
        let folder = here.join("corpus").join(agent.as_str());
        fs::create_dir_all(&folder)?;
        let mut inputs = inputs::of(*source, &here.join("../tests/fixtures"));
        inputs.retain(|input| input.len() <= LARGEST);
        for (number, input) in inputs.iter().enumerate() {
            fs::write(folder.join(format!("seed-{number:03}")), input)?;
        }
        println!("{agent}: {} seeds", inputs.len());
    }
    Ok(())
}
